// Package faults has no code. Its tests run the parts of the module that wait for others through one matrix of faults: the credentials
// provider, the key set, the API client, the token cache, and what writes files. README.md says what was held:
//
//	go test -race -v ./internal/faults          # the table, with what was measured in each cell
//	go test ./internal/faults -update           # writes the table to README.md
//
// Most cells run in a testing/synctest bubble over net/http and connections in memory, so that days pass in no time and every wait is
// exact. The same faults run once more on loopback, where connections, file descriptors and goroutines are counted, and those of files on
// real files, with processes that are really killed.
package faults
