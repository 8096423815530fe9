package fakehttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
)

// take returns the fault that applies to a request, and the delay.
func take(l *fakehttp.Faults[string]) (string, time.Duration) {
	fault, delay, found := l.Take(func(string) bool { return true })
	if found != (fault != "") {
		panic("found is wrong")
	}
	return fault, delay
}

func TestFaults(t *testing.T) {
	t.Parallel()
	var l fakehttp.Faults[string]
	l.Add("once", fakehttp.Rule{Times: 1, Delay: time.Second})
	l.Add("delay", fakehttp.Rule{Delay: 2 * time.Second, DelaysOnly: true})
	l.Add("delay twice", fakehttp.Rule{Times: 2, Delay: 3 * time.Second, DelaysOnly: true})
	remove := l.Add("twice", fakehttp.Rule{Times: 2})
	l.Add("hidden, once", fakehttp.Rule{Times: 1})
	for n, want := range []struct {
		fault string
		delay time.Duration
	}{
		{"once", time.Second},
		{"twice", 5 * time.Second},
		{"twice", 5 * time.Second},
		{"hidden, once", 2 * time.Second},
		{"delay", 2 * time.Second},
	} {
		if fault, delay := take(&l); fault != want.fault || delay != want.delay {
			t.Errorf("request %d: %q after %v, want %q after %v", n, fault, delay, want.fault, want.delay)
		}
	}
	remove() // has no effect: the fault is used up
	l.Clear()
	if fault, _ := take(&l); fault != "" {
		t.Errorf("after Clear: %q", fault)
	}
	remove = l.Add("removed", fakehttp.Rule{})
	remove()
	remove()
	if fault, _ := take(&l); fault != "" {
		t.Errorf("after it was removed: %q", fault)
	}
}

func TestFaultsThatDoNotMatchAreNotUsedUp(t *testing.T) {
	t.Parallel()
	var l fakehttp.Faults[string]
	l.Add("a", fakehttp.Rule{Times: 1})
	if _, _, found := l.Take(func(string) bool { return false }); found {
		t.Error("a fault that does not match applied")
	}
	if fault, _ := take(&l); fault != "a" {
		t.Errorf("fault %q, want a", fault)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("cause")
		for name, tt := range map[string]struct {
			delay time.Duration
			hang  bool
			err   error
			took  time.Duration
			want  error
		}{
			"nothing":            {0, false, nil, 0, nil},
			"delay":              {time.Second, false, nil, time.Second, nil},
			"delay, then error":  {time.Second, false, cause, time.Second, cause},
			"delay too long":     {time.Hour, false, cause, time.Minute, context.DeadlineExceeded},
			"delay, then a hang": {time.Second, true, cause, time.Minute, context.DeadlineExceeded},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			start := time.Now()
			err := fakehttp.Interrupt(ctx, tt.delay, tt.hang, tt.err)
			if took := time.Since(start); took != tt.took || !errors.Is(err, tt.want) {
				t.Errorf("%s: %v after %v, want %v after %v", name, err, took, tt.want, tt.took)
			}
			cancel()
		}
	})
}

// A client sees the same response in memory and over a connection.
func TestResponse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method   string
		truncate bool
		body     string
		err      error
	}{
		"whole":     {http.MethodGet, false, "0123456789", nil},
		"truncated": {http.MethodGet, true, "01234", io.ErrUnexpectedEOF},
		"HEAD":      {http.MethodHead, false, "", nil},
	} {
		send := func(w http.ResponseWriter, r *http.Request) {
			p := fakehttp.NewResponse()
			p.WriteHeader(http.StatusTeapot)
			p.Header().Set("A", "1")
			p.SetHeader(http.Header{"a": nil, "b": {"2"}})
			_, _ = p.Write([]byte("0123456789"))
			p.Truncate = tt.truncate
			if w == nil {
				r.Response = p.HTTP(r)
				return
			}
			p.SendTo(w, r)
		}
		r, err := http.NewRequestWithContext(t.Context(), tt.method, "http://192.0.2.1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		send(nil, r)
		check(t, name+", in memory", r.Response, tt.body, tt.err)

		srv := httptest.NewServer(http.HandlerFunc(send))
		defer srv.Close()
		if r, err = http.NewRequestWithContext(t.Context(), tt.method, srv.URL, nil); err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		check(t, name+", over a connection", resp, tt.body, tt.err)
	}
}

func check(t *testing.T, name string, resp *http.Response, body string, want error) {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if string(b) != body || !errors.Is(err, want) {
		t.Errorf("%s: body %q, %v, want %q, %v", name, b, err, body, want)
	}
	if resp.StatusCode != http.StatusTeapot || resp.Header.Get("A") != "" || resp.Header.Get("B") != "2" {
		t.Errorf("%s: status %d, header %v", name, resp.StatusCode, resp.Header)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fakehttp.Reset(w) }))
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(r)
	if err == nil {
		resp.Body.Close()
	}
	if !fakehttp.IsReset(err) {
		t.Errorf("error = %v, want a reset", err)
	}
}
