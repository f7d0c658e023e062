module kubefed.io/tools/schema

go 1.24.0
