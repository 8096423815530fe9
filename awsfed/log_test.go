package awsfed_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
)

// logged returns the lines of a JSON log.
func logged(t *testing.T, buf *syncBuffer) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(buf.String()), "\n") {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

// A failure is logged when it begins, then every 5 minutes with a count, and when it ends.
func TestLogOfAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var buf syncBuffer
		s := newService()
		p := newProvider(t, s, exact, func(o *awsfed.Options) {
			o.Logger = slog.New(slog.NewJSONHandler(&buf, nil)) // from level Info on
			o.RefreshBackoff = func(int, time.Duration) time.Duration { return 10 * time.Second }
		})
		wantKey(t, p, "AKID1", 0)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = p.Run(ctx) }()
		s.failWith(apiError("NotWorking", "no"))
		time.Sleep(45*time.Minute + 11*time.Minute + time.Second)
		s.failWith(apiError("NotWorkingEither", "no"))
		time.Sleep(time.Minute)
		s.failWith(nil)
		time.Sleep(time.Minute)

		s.failWith(apiError("NotWorking", "no")) // another outage
		time.Sleep(45 * time.Minute)

		lines := logged(t, &buf)
		lines = lines[:min(len(lines), 6)]
		type line struct {
			level, message string
			count          float64
		}
		want := []line{
			{"WARN", "awsfed: refresh failed", 1},
			{"WARN", "awsfed: refresh failed", 30},
			{"WARN", "awsfed: refresh failed", 30},
			{"WARN", "awsfed: refresh failed", 1},
			{"INFO", "awsfed: refreshes succeed again", 0},
			{"WARN", "awsfed: refresh failed", 1},
		}
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), buf.String())
		}
		for i, l := range lines {
			count, _ := l["count"].(float64)
			if got := (line{l["level"].(string), l["msg"].(string), count}); got != want[i] {
				t.Errorf("line %d = %+v, want %+v", i, got, want[i])
			}
		}
		if end := lines[4]; end["failures"] != 73.0 || end["failed_for"] != float64(12*time.Minute+10*time.Second) {
			t.Errorf("last line = %v", end)
		}
	})
}

// A role that STS refuses for half an hour, with Run and without calls.
func TestLogOfARefusedRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var buf syncBuffer
		s := newService()
		p := newProvider(t, s, func(o *awsfed.Options) { o.Logger = slog.New(slog.NewJSONHandler(&buf, nil)) })
		s.failWith(apiError("AccessDenied", "no"))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = p.Run(ctx) }()
		time.Sleep(26 * time.Minute)
		if got := s.count(); got > 13 {
			t.Errorf("%d requests in 26 minutes, want 7 in 5 minutes and then one each 5 minutes", got)
		}
		if got := len(logged(t, &buf)); got > 6 {
			t.Errorf("%d lines in 26 minutes:\n%s", got, buf.String())
		}
		before := s.count()
		if _, err := p.Retrieve(ctx); err == nil || s.count() != before+1 {
			t.Errorf("Retrieve = %v with %d requests, want a refusal by a request of its own", err, s.count()-before)
		}
	})
}

// Times are RFC 3339 or absent, durations are strings.
func TestJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		var evs events
		p := newProvider(t, s, exact, evs.option)
		if got, want := inJSON(t, p.Status()), `{"role_arn":"`+roleARN+`","options":"AdvisoryWindow=15m0s","valid":false,"refreshing":false,"failures":0}`; got != want {
			t.Errorf("Status before the first call = %s, want %s", got, want)
		}
		wantKey(t, p, "AKID1", 0)
		s.failWith(apiError("AccessDenied", "no"))
		time.Sleep(50 * time.Minute)
		wantKey(t, p, "AKID1", 0)
		synctest.Wait()
		for name, text := range map[string]string{"Status": inJSON(t, p.Status()), "RefreshEvent": inJSON(t, evs.list()[1])} {
			var v map[string]any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				t.Fatal(err)
			}
			for _, field := range []string{"obtained", "refresh_at", "expires", "failing_since", "retry_at"} {
				at, _ := v[field].(string)
				if _, err := time.Parse(time.RFC3339, at); err != nil {
					t.Errorf("%s: %s = %v", name, field, v[field])
				}
			}
			if v["role_arn"] != roleARN || v["access_key_id"] != "AKID1" || v["valid"] != true || v["error"] == "" || v["failures"] != 1.0 || v["clock_skew"] != nil {
				t.Errorf("%s = %s", name, text)
			}
			if name == "RefreshEvent" && (v["remaining"] != "10m0s" || v["retryable"] != false || v["began"] == nil) {
				t.Errorf("%s = %s", name, text)
			}
		}
	})
}
