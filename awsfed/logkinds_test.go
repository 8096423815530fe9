package awsfed

// In the package itself: failureLog is not exported.

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A server that invents codes does not fill the memory.
func TestFailureLogIsBounded(t *testing.T) {
	t.Parallel()
	var l failureLog
	for n := range 1000 {
		l.due(fmt.Sprint("kind ", n), time.Now())
	}
	if len(l.kinds) > maxLogged {
		t.Errorf("%d kinds, want at most %d", len(l.kinds), maxLogged)
	}
}

func TestFailureKind(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"AccessDenied":              &AssumeRoleError{Code: "AccessDenied"},
		"token *errors.errorString": &AssumeRoleError{Err: &tokenError{err: errors.New("x")}},
		"timeout":                   &AssumeRoleError{Err: errTimeout{}},
		"answer":                    &AssumeRoleError{Err: &answerError{}},
		"*errors.errorString":       &AssumeRoleError{Err: errors.New("x")},
	} {
		if got := failureKind(err); got != want {
			t.Errorf("failureKind = %q, want %q", got, want)
		}
	}
}

type errTimeout struct{}

func (errTimeout) Error() string { return "no answer" }
func (errTimeout) Timeout() bool { return true }
