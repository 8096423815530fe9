package export

import "errors"

var errNil = errors.New("must not be nil")

// An OptionError reports an option or parameter that a function refuses.
type OptionError struct {
	// Func is the function, for example "NewHandler".
	Func string
	// Option is the Go name of the option or parameter, for example "Group".
	Option string
	// Err says what is wrong with it. Its text does not repeat the names.
	Err error
}

// Error returns the function, the option and what is wrong with it.
func (e *OptionError) Error() string {
	return "export: " + e.Func + ": " + e.Option + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *OptionError) Unwrap() error { return e.Err }
