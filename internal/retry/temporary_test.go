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

// A verdict is an error with the method Temporary.
type verdict bool

func (v verdict) Error() string   { return "has the method" }
func (v verdict) Temporary() bool { return bool(v) }

func TestTemporary(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err             error
		temporary, said bool
	}{
		"no error":                               {nil, false, false},
		"an error without the method":            {errors.New("x"), false, false},
		"temporary":                              {verdict(true), true, true},
		"permanent, wrapped":                     {fmt.Errorf("x: %w", verdict(false)), false, true},
		"the outermost counts":                   {fmt.Errorf("%w", errors.Join(verdict(true), verdict(false))), true, true},
		"a missing file":                         {&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, false, false},
		"a refused connection":                   {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false, false},
		"a network error around a permanent one": {&net.OpError{Op: "dial", Err: verdict(false)}, false, true},
		"the second of several has the method":   {errors.Join(errors.New("x"), verdict(false)), false, true},
		"a network error before a permanent one": {errors.Join(&net.OpError{Err: syscall.ECONNRESET}, verdict(false)), false, true},
		"a network error without a cause":        {&net.OpError{Op: "dial"}, false, false},
		"a temporary one after a permanent one":  {errors.Join(verdict(false), verdict(true)), false, true},
	} {
		if temporary, said := retry.Temporary(tt.err); temporary != tt.temporary || said != tt.said {
			t.Errorf("%s: Temporary = %v, %v; want %v, %v", name, temporary, said, tt.temporary, tt.said)
		}
	}
}
