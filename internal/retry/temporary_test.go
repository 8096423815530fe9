package retry_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"testing"

	"github.com/onafed/onafed/internal/retry"
)

type verdict bool

func (v verdict) Error() string   { return "says it" }
func (v verdict) Temporary() bool { return bool(v) }

func TestTemporary(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err             error
		temporary, said bool
	}{
		"nothing":                          {nil, false, false},
		"an error that does not say":       {errors.New("x"), false, false},
		"yes":                              {verdict(true), true, true},
		"no, wrapped":                      {fmt.Errorf("x: %w", verdict(false)), false, true},
		"the outer one counts":             {fmt.Errorf("%w", errors.Join(verdict(true), verdict(false))), true, true},
		"a missing file":                   {&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, false, false},
		"a refused connection":             {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false, false},
		"a network error around a no":      {&net.OpError{Op: "dial", Err: verdict(false)}, false, true},
		"the second of several says it":    {errors.Join(errors.New("x"), verdict(false)), false, true},
		"a network error and then a no":    {errors.Join(&net.OpError{Err: syscall.ECONNRESET}, verdict(false)), false, true},
		"a network error around nothing":   {&net.OpError{Op: "dial"}, false, false},
		"a temporary one behind a refusal": {errors.Join(verdict(false), verdict(true)), false, true},
	} {
		if temporary, said := retry.Temporary(tt.err); temporary != tt.temporary || said != tt.said {
			t.Errorf("%s: Temporary = %v, %v; want %v, %v", name, temporary, said, tt.temporary, tt.said)
		}
	}
}
