package issuer

import "fmt"

// An OptionError reports an option or a parameter that a constructor does not accept.
type OptionError struct {
	Func   string // the function, such as "NewVerifier"
	Option string // the Go name of the option or parameter, such as "Audiences"
	Err    error  // the reason; it does not repeat the names
}

// Error returns the function, the option and the reason.
func (e *OptionError) Error() string {
	return "issuer: " + e.Func + ": " + e.Option + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *OptionError) Unwrap() error { return e.Err }

// optionErrorf returns an *OptionError with a formatted reason.
func optionErrorf(function, option, format string, args ...any) error {
	return &OptionError{Func: function, Option: option, Err: fmt.Errorf(format, args...)}
}
