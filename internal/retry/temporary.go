package retry

// Temporary returns what an error says of itself by a method Temporary, and whether it says anything. An error that says nothing is
// asked for what it wraps, and of several the first that says something counts.
//
// Errors of the operating system and of networks, which have a method Timeout beside it (see [net.Error]), are asked for what
// they wrap and not for themselves: to them a missing file and a refused connection are permanent, but a file that is being replaced
// is missing for a moment, and a server that is restarted refuses.
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
