package fakehttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
)

// applied returns the names of the faults that apply to one request, which ends with the fault "last".
func applied(l *fakehttp.Faults[string]) (names string) {
	l.Apply(func(name string) (bool, bool) {
		names += name + " "
		return true, name == "last"
	})
	return names
}

func TestFaults(t *testing.T) {
	t.Parallel()
	var l fakehttp.Faults[string]
	l.Add("once", 1)
	remove := l.Add("always", 0)
	l.Add("last", 2)
	l.Add("hidden", 1)
	for _, want := range []string{"once always last ", "always last ", "always hidden ", "always "} {
		if got := applied(&l); got != want {
			t.Errorf("applied %q, want %q", got, want)
		}
	}
	remove()
	remove()
	l.Add("cleared", 0)
	l.Clear()
	if got := applied(&l); got != "" {
		t.Errorf("after Clear: applied %q", got)
	}
}

func TestFaultsThatDoNotMatchAreNotUsedUp(t *testing.T) {
	t.Parallel()
	var l fakehttp.Faults[string]
	l.Add("a", 1)
	l.Apply(func(string) (bool, bool) { return false, false })
	if got := applied(&l); got != "a " {
		t.Errorf("applied %q, want a", got)
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
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error = %v, want ECONNRESET", err)
	}
}
