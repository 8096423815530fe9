package retry

// Temporary returns the result of the method Temporary of an error, and whether there is such a
// method. Without it, Temporary examines the wrapped errors; the first that has the method counts.
//
// Temporary ignores the methods of operating system and network errors, which also have a method
// Timeout (see [net.Error]). These errors report a missing file and a refused connection as
// permanent. But a file can be missing for a moment while it is replaced, and a server refuses
// connections while it restarts.
func Temporary(err error) (temporary, said bool) {
	if t, ok := err.(interface{ Temporary() bool }); ok {
		if _, network := err.(interface{ Timeout() bool }); !network {
			return t.Temporary(), true
		}
	}
	switch u := err.(type) { //nolint:errorlint // unwrapped step by step
	case interface{ Unwrap() error }:
		return Temporary(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if temporary, said = Temporary(e); said {
				return temporary, said
			}
		}
	}
	return false, false
}
