module kubefed.io/tests/kube/record

go 1.24.0
