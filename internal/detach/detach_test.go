package detach_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/detach"
)

// brokenError panics when it is printed.
type brokenError struct{ text string }

func (e *brokenError) Error() string { return e.text }

func TestEveryEndOfACallIsAResult(t *testing.T) {
	t.Parallel()
	failed := errors.New("no")
	for rule, tt := range map[string]struct {
		call  func() (int, error)
		value int
		is    error // matched by errors.Is
		panic bool
	}{
		"a value":                       {func() (int, error) { return 1, nil }, 1, nil, false},
		"an error":                      {func() (int, error) { return 2, failed }, 2, failed, false},
		"a panic":                       {func() (int, error) { panic("s3cr3t") }, 0, nil, true},
		"a panic with an error":         {func() (int, error) { panic(io.EOF) }, 0, io.EOF, true},
		"a Goexit":                      {func() (int, error) { runtime.Goexit(); return 3, nil }, 0, detach.ErrGoexit, false},
		"an error that cannot be shown": {func() (int, error) { return 4, (*brokenError)(nil) }, 0, nil, true},
	} {
		c := detach.Go(tt.call)
		<-c.Done()
		value, err := c.Result()
		if value != tt.value || tt.is != nil && !errors.Is(err, tt.is) || (err != nil) != (tt.is != nil || tt.panic) {
			t.Errorf("%s: Result = %d, %v", rule, value, err)
		}
		p, ok := errors.AsType[*detach.PanicError](err)
		if ok != tt.panic {
			t.Errorf("%s: Result has the error %v", rule, err)
		}
		if ok && (strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(string(p.Stack()), "detach_test")) {
			t.Errorf("%s: error %v with the stack %s", rule, err, p.Stack())
		}
	}
}

// The value of a panic may contain a secret.
func TestThePanicValueIsNotShown(t *testing.T) {
	t.Parallel()
	for kind, value := range map[string]any{"a string": "s3cr3t", "a struct": struct{ Token string }{"s3cr3t"}, "an error": errors.New("s3cr3t")} {
		c := detach.Go(func() (int, error) { panic(value) })
		_, err := c.Result()
		p, ok := errors.AsType[*detach.PanicError](err)
		if !ok {
			t.Fatalf("Result has the error %v", err)
		}
		for _, v := range []any{err, *p, struct{ Err error }{err}, struct{ err error }{err}} {
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Error("m", "v", v)
			slog.New(slog.NewJSONHandler(&log, nil)).Error("m", "v", v)
			text, jerr := json.Marshal(v)
			for _, shown := range []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprint(string(text), jerr), log.String()} {
				if strings.Contains(shown, "s3cr3t") {
					t.Errorf("%s, in a %T: %s", kind, v, shown)
				}
			}
		}
	}
}

func TestFinishRunsOnceBeforeRunReturns(t *testing.T) {
	t.Parallel()
	for rule, call := range map[string]func() (int, error){
		"return": func() (int, error) { return 1, nil },
		"panic":  func() (int, error) { panic("x") },
	} {
		n := 0
		detach.Run(call, func(int, error) { n++ })
		if n != 1 {
			t.Errorf("%s: finish ran %d times, want 1", rule, n)
		}
	}
}

func TestWithTimeoutIgnoresTheCallersCancellation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		caller, stop := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Second)
		ctx, cancel := detach.WithTimeout(caller, time.Minute)
		defer cancel()
		stop()
		begin := time.Now()
		if ctx.Err() != nil || ctx.Value(key{}) != "value" {
			t.Errorf("context: error %v, value %v; want none, value", ctx.Err(), ctx.Value(key{}))
		}
		<-ctx.Done()
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("the context ended after %s, want 1m0s", took)
		}
	})
}
