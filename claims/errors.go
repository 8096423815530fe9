package claims

import (
	"errors"
	"fmt"
	"strconv"
)

// The errors of [Claims.Validate] about the times of a token match ErrExpired or ErrNotYetValid
// with [errors.Is].
var (
	ErrExpired     = errors.New("token has expired")
	ErrNotYetValid = errors.New("token is not valid yet")
)

// ParseError describes a token, or a part of a token, that was refused. It shows nothing of the
// text except the names of known members.
type ParseError struct {
	Part   string // "token", "header" or "payload"
	Offset int    // in bytes: in the compact form for "token", else in the JSON text
	Reason string // for people; the wording may change
}

// Error implements error.
func (e *ParseError) Error() string {
	return "claims: " + e.Part + ": " + e.Reason + " at offset " + strconv.Itoa(e.Offset)
}

// SubjectError describes a text that is not a subject, or segments that do not make a subject. Its
// message shows the text as [RedactSubject] does, because a "sub" of another kind may hold personal
// data. Only Input contains the whole text.
type SubjectError struct {
	Input  string
	Offset int    // in bytes, of the fault in Input
	Reason string // for people; the wording may change
}

// Error implements error.
func (e *SubjectError) Error() string {
	return `claims: subject "` + RedactSubject(e.Input) + `": ` + e.Reason + " at offset " + strconv.Itoa(e.Offset)
}

// Format prints the error message for every verb, so that no verb shows Input.
func (e *SubjectError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// MarshalText returns the error message. So a log in JSON has the message also if the error is
// inside another value.
func (e *SubjectError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// AmbiguousSubjectError means that the "sub" of a V3 token has more than one reading. Values are
// not escaped, so a value may look like further pairs. A program cannot decide between the
// readings: a person may have chosen a display name for that purpose. [Claims.SubjectV3] decides
// with the other claims of the token. The message shows no values.
type AmbiguousSubjectError struct {
	Input    string
	Readings []SubjectV3 // at least 2, at most 16
	More     bool        // there are further readings
}

// Error implements error.
func (e *AmbiguousSubjectError) Error() string {
	n := strconv.Itoa(len(e.Readings))
	if e.More {
		n = "more than " + n
	}
	return `claims: subject "` + RedactSubject(e.Input) + `" has ` + n + " readings; the other claims of its token decide which one is right"
}

// Format prints the error message for every verb, so that no verb shows Input.
func (e *AmbiguousSubjectError) Format(f fmt.State, verb rune) { formatText(f, verb, e.Error()) }

// MarshalText returns the error message. So a log in JSON has the message also if the error is
// inside another value.
func (e *AmbiguousSubjectError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// ValidationError is one finding of [Claims.Validate], or the error of [Claims.Identity] and
// [Claims.SubjectV3]. Its fields hold no personal data: a subject in them is redacted as
// [RedactSubject] does.
type ValidationError struct {
	Claim string // name of the claim, such as "aud"
	Got   string // the value in the token; empty if the claim is absent
	Want  string // the expected value, for people
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
