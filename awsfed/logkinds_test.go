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
		if len(l.kinds) > maxLogged {
			t.Fatalf("%d kinds, want at most %d", len(l.kinds), maxLogged)
		}
	}
}

// A failure is due once in 5 minutes, also among failures of another kind.
func TestFailureLogCountsEachKind(t *testing.T) {
	t.Parallel()
	var l failureLog
	begin := time.Now()
	for i, step := range []struct {
		kind  string
		after time.Duration
		count int
	}{{"a", 0, 1}, {"b", 0, 1}, {"a", 0, 0}, {"a", logInterval - 1, 0}, {"b", logInterval, 1}, {"a", logInterval, 3}, {"a", 0, 1}} {
		count, due := l.due(step.kind, begin.Add(step.after))
		if count != step.count || due != (step.count > 0) {
			t.Errorf("step %d: due(%s) after %v = %d, %v, want %d", i, step.kind, step.after, count, due, step.count)
		}
	}
}

func TestFailureKind(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"AccessDenied":              &AssumeRoleError{Code: "AccessDenied"},
		"step 2 AccessDenied":       &AssumeRoleError{Code: "AccessDenied", Step: 2},
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
