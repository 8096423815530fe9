// Package faults has only tests. They run the parts of the module that wait for servers or files
// through a matrix of faults: the credentials provider, the key set, the API client, the token
// cache, and the writers of files. README.md shows the results:
//
//	go test -race -v ./internal/faults          # prints the table, with the measurements of each cell
//	go test ./internal/faults -update           # writes the table to README.md
//
// Most cells run in a testing/synctest bubble, with net/http over connections in memory. So days
// take no time, and each wait is exact. The same faults run again over loopback, where the tests
// count connections, file descriptors and goroutines. The faults of files use real files, and
// processes that are killed.
package faults
