package awsfed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// events collects the events of OnRefresh.
type events struct {
	mu  sync.Mutex
	all []awsfed.RefreshEvent
}

func (e *events) option(o *awsfed.Options) {
	o.OnRefresh = func(ev awsfed.RefreshEvent) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all = append(e.all, ev)
	}
}

func (e *events) list() []awsfed.RefreshEvent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]awsfed.RefreshEvent(nil), e.all...)
}

func TestStatusAndEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		var evs events
		p := newProvider(t, s, exact, evs.option)
		if diff := cmp.Diff(awsfed.Status{RoleARN: roleARN, Options: "AdvisoryWindow=15m0s"}, p.Status()); diff != "" {
			t.Errorf("Status before the first call (-want +got):\n%s", diff)
		}
		begin := time.Now()
		wantKey(t, p, "AKID1", 50*time.Millisecond)
		synctest.Wait()
		arn := "arn:aws:sts::" + account + ":assumed-role/deploy/env-" + envID
		want := awsfed.Status{
			RoleARN: roleARN, Options: "AdvisoryWindow=15m0s", AccessKeyID: "AKID1", AccountID: account, AssumedRoleARN: arn, TokenSource: "mintery", Valid: true,
			Issuer: idp.Issuer, Audience: idp.AudienceAWS, Subject: subject, ProviderARN: "arn:aws:iam::" + account + ":oidc-provider/app.gitpod.io",
			Obtained: begin.Add(50 * time.Millisecond), RefreshAt: begin.Add(45*time.Minute + 50*time.Millisecond), Expires: begin.Add(time.Hour + 50*time.Millisecond),
		}
		if diff := cmp.Diff(want, p.Status(), cmpopts.EquateApproxTime(0)); diff != "" {
			t.Errorf("Status (-want +got):\n%s", diff)
		}
		if got := p.Status().Remaining(begin.Add(time.Minute)); got != 59*time.Minute+50*time.Millisecond {
			t.Errorf("Remaining = %v", got)
		}

		s.failWith(httpError(400, "Throttling"))
		time.Sleep(46 * time.Minute)
		wantKey(t, p, "AKID1", 0)
		if !p.Status().Refreshing {
			t.Error("not refreshing")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		all := evs.list()
		if len(all) != 2 {
			t.Fatalf("%d events, want 2", len(all))
		}
		if ev := all[0]; ev.Err != nil || ev.AccessKeyID != "AKID1" || ev.AssumedRoleARN != arn || ev.RoleARN != roleARN || ev.TokenSource != "mintery" ||
			!ev.Expires.Equal(want.Expires) || !ev.Valid || ev.Remaining != time.Hour || ev.Ended.Sub(ev.Began) != 50*time.Millisecond {
			t.Errorf("event of the first refresh: %+v", ev)
		}
		ev := all[1]
		if ev.Err == nil || !ev.Retryable || !ev.Valid || ev.Failures != 1 || ev.RequestID != "req-1" || ev.AccessKeyID != "AKID1" || ev.RetryAt.Before(ev.Ended) ||
			!ev.FailingSince.Equal(ev.Ended) || ev.Remaining > 14*time.Minute || ev.Remaining < 13*time.Minute {
			t.Errorf("event of the failed refresh: %+v", ev)
		}
		st := p.Status()
		if st.Failures != 1 || !st.FailingSince.Equal(ev.Ended) || !errors.Is(st.Err, ev.Err) || !st.Valid {
			t.Errorf("Status after the failure: %+v", st)
		}
		time.Sleep(20 * time.Minute)
		if st := p.Status(); st.Valid || st.Remaining(time.Now()) != 0 || st.AccessKeyID != "AKID1" {
			t.Errorf("Status after the expiry: %+v", st)
		}
	})
}

// Without credentials Status describes the token of the last failure.
func TestStatusOfAFirstFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.failWith(apiError("AccessDenied", "no"))
		p := newProvider(t, s)
		if _, err := p.Retrieve(t.Context()); err == nil {
			t.Error("no error")
		}
		if st := p.Status(); st.Issuer != idp.Issuer || st.Audience != idp.AudienceAWS || st.Subject != subject || st.ProviderARN == "" || st.TokenSource != "mintery" {
			t.Errorf("Status = %+v, want the token of the failure", st)
		}
	})
}

func TestOnRefreshMayCallBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		var p *awsfed.Provider
		done := make(chan string, 1)
		p = newProvider(t, s, func(o *awsfed.Options) {
			o.OnRefresh = func(ev awsfed.RefreshEvent) {
				if ev.AccessKeyID != "AKID1" {
					return
				}
				p.Invalidate(ev.AccessKeyID)
				c, err := p.Retrieve(t.Context())
				done <- fmt.Sprint(c.AccessKeyID, err, p.Status().Valid)
			}
			o.RefreshBackoff = func(int, time.Duration) time.Duration {
				_, _ = p.Retrieve(t.Context())
				return time.Second
			}
		})
		wantKey(t, p, "AKID1", 0)
		if got := <-done; got != "AKID2<nil> true" {
			t.Errorf("in the callback: %s", got)
		}
		s.failWith(errors.New("down"))
		time.Sleep(2 * time.Hour)
		if _, err := p.Retrieve(t.Context()); err == nil {
			t.Error("no error")
		}
	})
}

const (
	email    = "jane.doe@example.com"
	personal = "creator_email:" + email + ":organization_id:" + orgID
)

// Logs, events, status and errors contain no secrets and no personal data.
func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"AccessDenied", "InvalidIdentityToken", "Throttling", ""} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var buf syncBuffer
				var evs events
				s := newService()
				src := &mintery{tb: t, claims: map[string]any{"sub": personal, "email": email}}
				tok, err := src.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				src.same = tok
				p, err := awsfed.New(s, roleARN, src, exact, evs.option, func(o *awsfed.Options) {
					o.Logger = slog.New(slog.NewJSONHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))
				})
				if err != nil {
					t.Fatal(err)
				}
				c := wantKey(t, p, "AKID1", 0)
				if code != "" {
					s.failWith(apiError(code, "no\x1b[31m\u202e"))
				}
				time.Sleep(46 * time.Minute)
				_, _ = p.Retrieve(t.Context())
				time.Sleep(10 * time.Second)
				_, callErr := p.Retrieve(t.Context())
				time.Sleep(time.Minute) // for a refresh that it started
				text := []string{buf.String(), fmt.Sprintf("%v %+v %#v %s", p.Status().Err, p.Status().Err, p.Status().Err, p.Status().Err), fmt.Sprintf("%+v", p.Status()), fmt.Sprint(callErr)}
				text = append(text, inJSON(t, p.Status()))
				for _, ev := range evs.list() {
					text = append(text, fmt.Sprintf("%+v", ev), inJSON(t, ev))
				}
				for _, out := range text {
					for _, secret := range []string{c.SecretAccessKey, c.SessionToken, tok.Raw(), strings.Split(tok.Raw(), ".")[1], email, "jane", "\x1b", "\u202e"} {
						if strings.Contains(out, secret) {
							t.Errorf("%q is in %q", secret, out)
						}
					}
				}
				if lines := strings.Split(strings.TrimSpace(buf.String()), "\n"); code == "" {
					if len(lines) != 2 || strings.Contains(buf.String(), "WARN") {
						t.Errorf("log:\n%s", buf.String())
					}
				} else {
					var line map[string]any
					if err := json.Unmarshal([]byte(lines[1]), &line); err != nil {
						t.Fatal(err)
					}
					if line["level"] != "WARN" || line["role"] != roleARN || line["access_key_id"] != "AKID1" || line["failures"] != 1.0 || line["remaining"] == nil || !strings.Contains(fmt.Sprint(line["error"]), code) {
						t.Errorf("log line %s", lines[1])
					}
				}
			})
		})
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

// A syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
