// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Ports come from below the range that the kernel gives to outgoing
// connections: a component that is down must find its port free again.
const (
	firstPort = 15000
	lastPort  = 31999
)

// portLease keeps a port for this program among all that use the same rule: in
// one folder for the user, because tests have temporary folders of their own.
// The lock file stays; the lock on it ends with the process.
type portLease struct {
	port int
	lock *os.File
}

func leasePort() (*portLease, error) {
	dir := fmt.Sprintf("/tmp/kube-cluster-ports-%d", os.Getuid())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		lock, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && bindable(port) {
			return &portLease{port: port, lock: lock}, nil
		}
		lock.Close()
	}
	return nil, errors.New("no free port found on the loopback address")
}

func bindable(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
