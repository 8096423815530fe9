package authtoken

import "fmt"

// An OptionError reports a parameter that a function refuses. Find it with [errors.As].
type OptionError struct {
	// Func is the function, such as "RDS".
	Func string
	// Option is the Go name of the parameter, such as "endpoint".
	Option string
	// Err says what is wrong, without the names above.
	Err error
}

// Error names the function, the parameter and the reason.
func (e *OptionError) Error() string {
	return fmt.Sprintf("authtoken: %s: %s: %v", e.Func, e.Option, e.Err)
}

// Unwrap returns Err.
func (e *OptionError) Unwrap() error { return e.Err }

func optionError(fn, option, format string, args ...any) error {
	return &OptionError{Func: fn, Option: option, Err: fmt.Errorf(format, args...)}
}
