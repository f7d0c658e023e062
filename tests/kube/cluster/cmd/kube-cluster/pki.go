// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pki is the cluster's certificate authority with what it has issued. Files:
// ca.{crt,key}, apiserver.{crt,key}, admin.{crt,key}, sa.{key,pub}.
type pki struct {
	dir      string
	caCert   *x509.Certificate
	caKey    crypto.Signer
	caPEM    []byte
	adminCrt []byte
	adminKey []byte
}

const certificateLife = 365 * 24 * time.Hour

func newPKI(dir, clusterName string, servingNames []string) (*pki, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &pki{dir: dir}
	if err := p.makeCA(clusterName); err != nil {
		return nil, err
	}
	if _, _, err := p.issue("apiserver", pkix.Name{CommonName: "kube-apiserver"}, servingNames, x509.ExtKeyUsageServerAuth); err != nil {
		return nil, err
	}
	admin := pkix.Name{CommonName: "kubernetes-admin", Organization: []string{"system:masters"}}
	var err error
	if p.adminCrt, p.adminKey, err = p.issue("admin", admin, nil, x509.ExtKeyUsageClientAuth); err != nil {
		return nil, err
	}
	return p, p.makeServiceAccountKeys()
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }

func serialNumber() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
}

func (p *pki) makeCA(clusterName string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := serialNumber()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: clusterName + "-ca"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(certificateLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if p.caCert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	p.caKey = key
	p.caPEM, _, err = p.write("ca", der, key)
	return err
}

// issue makes a key and a certificate signed by the CA.
func (p *pki) issue(file string, subject pkix.Name, names []string, use x509.ExtKeyUsage) (crt, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{use},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.caCert, key.Public(), p.caKey)
	if err != nil {
		return nil, nil, err
	}
	return p.write(file, der, key)
}

func (p *pki) write(file string, der []byte, key *ecdsa.PrivateKey) (crt, keyPEM []byte, err error) {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	crt = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
	if err := os.WriteFile(p.path(file+".crt"), crt, 0o644); err != nil {
		return nil, nil, err
	}
	return crt, keyPEM, os.WriteFile(p.path(file+".key"), keyPEM, 0o600)
}

func (p *pki) makeServiceAccountKeys() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(p.path("sa.key"), private, 0o600); err != nil {
		return err
	}
	return os.WriteFile(p.path("sa.pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
}

// servingNames is what the API server's certificate is valid for.
func servingNames(serviceRange string, further []string) ([]string, error) {
	_, network, err := net.ParseCIDR(serviceRange)
	if err != nil {
		return nil, fmt.Errorf("--service-range %q is not a range of addresses", serviceRange)
	}
	first := append(net.IP(nil), network.IP...)
	first[len(first)-1]++
	names := []string{"127.0.0.1", "::1", first.String(), "localhost", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	return append(names, further...), nil
}
