// Package vectors reads test vectors from files. Only tests import it.
package vectors

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// Read returns the vectors in the JSON file path. An unknown member fails the test.
func Read[T any](tb testing.TB, path string) []T {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var vectors []T
	if err := dec.Decode(&vectors); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return vectors
}
