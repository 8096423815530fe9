package awsfed

// From within: the sizes are of types that are not exported.

import (
	"testing"
	"unsafe"
)

// A program may have tens of thousands of roles. A field more than these sizes
// have room for takes the next size class of the allocator, for each of them.
func TestSizes(t *testing.T) {
	t.Parallel()
	if got := unsafe.Sizeof(Provider{}); got > 128 {
		t.Errorf("a Provider has %d bytes, want at most 128", got)
	}
	// With the 72 bytes of the engine's record a session fills 256.
	if got := unsafe.Sizeof(session{}); got > 184 {
		t.Errorf("a session has %d bytes, want at most 184", got)
	}
}
