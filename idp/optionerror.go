package idp

import "errors"

// An OptionError reports an option or argument that a function of this package refuses. Nothing has
// been sent.
type OptionError struct {
	Func   string // the function, such as "NewClient"
	Option string // the name of the field or parameter in Go, such as "BaseURL"
	Err    error  // what is wrong; its text does not repeat the names
}

// Error returns all three parts.
func (e *OptionError) Error() string {
	return "idp: " + e.Func + ": " + e.Option + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *OptionError) Unwrap() error { return e.Err }

// refuse returns an *OptionError with a text.
func refuse(function, option, reason string) error {
	return &OptionError{Func: function, Option: option, Err: errors.New(reason)}
}
