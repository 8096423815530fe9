// Package fakehttp has what the fake servers for tests share: a list of faults, and responses that
// are written to a connection or returned by a client in memory.
package fakehttp
