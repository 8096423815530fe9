package claims

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrExpired and ErrNotYetValid are what [Claims.Validate] finds wrong with the
// times of a token; test for them with [errors.Is].
var (
	ErrExpired     = errors.New("token has expired")
	ErrNotYetValid = errors.New("token is not valid yet")
)

// ParseError describes a token, or a part of one, that was refused. It shows
// nothing of what was read but the names of known members.
type ParseError struct {
	Part   string // "token", "header" or "payload"
	Offset int    // in bytes: in the compact form for "token", else in the JSON text
	Reason string // for people; the wording may change
}

// Error implements error.
func (e *ParseError) Error() string {
	return "claims: " + e.Part + ": " + e.Reason + " at offset " + strconv.Itoa(e.Offset)
}

// SubjectError describes a text that is not a subject, or segments that do not
// make one. Its message shows the text as [RedactSubject] does, as a "sub" of
// another kind may hold personal data; only Input has all of it.
type SubjectError struct {
	Input  string
	Offset int    // in bytes, of the fault in Input
	Reason string // for people; the wording may change
}

// Error implements error.
func (e *SubjectError) Error() string {
	return `claims: subject "` + RedactSubject(e.Input) + `": ` + e.Reason + " at offset " + strconv.Itoa(e.Offset)
}

// Format prints the error message under each verb, so that none shows Input.
func (e *SubjectError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// MarshalText returns the error message, which is what a log in JSON then has
// also where the error is inside another value.
func (e *SubjectError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// AmbiguousSubjectError says that the "sub" of a V3 token can be read in more
// than one way: values are not escaped, so a value may look like further pairs.
// None of the readings is more likely than another to a program, as whoever
// chose a display name chose it knowing that; [Claims.SubjectV3] settles it with
// the flat claims of the token. The message shows none of the values.
type AmbiguousSubjectError struct {
	Input    string
	Readings []SubjectV3 // at least two, at most [MaxReadings]
	More     bool        // there are further readings
}

// Error implements error.
func (e *AmbiguousSubjectError) Error() string {
	n := strconv.Itoa(len(e.Readings))
	if e.More {
		n = "more than " + n
	}
	return `claims: subject "` + RedactSubject(e.Input) + `" has ` + n + " readings; the flat claims of its token tell which is right"
}

// Format prints the error message under each verb, so that none shows Input.
func (e *AmbiguousSubjectError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// MarshalText returns the error message, which is what a log in JSON then has
// also where the error is inside another value.
func (e *AmbiguousSubjectError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// ValidationError is one finding of [Claims.Validate], or says why
// [Claims.Identity] and [Claims.SubjectV3] have no answer. Its fields hold no
// personal data: a subject in them is redacted as by [RedactSubject].
type ValidationError struct {
	Claim string // name of the claim, such as "aud"
	Got   string // what the token says; empty if the claim is absent
	Want  string // what was expected, for people
	Err   error  // [ErrExpired], [ErrNotYetValid] or nil
}

// Error implements error.
func (e *ValidationError) Error() string {
	msg := "claims: " + e.Claim
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	if e.Got == "" {
		msg += ": absent"
	} else {
		msg += ": got " + quoted(e.Got)
	}
	return msg + ", want " + e.Want
}

// Unwrap returns e.Err.
func (e *ValidationError) Unwrap() error { return e.Err }
