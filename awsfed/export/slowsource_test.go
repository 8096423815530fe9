package export_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/export"
)

type permanentError struct{ error }

func (permanentError) Retryable() bool { return false }

type permanentSource struct{ error }

func (permanentSource) Temporary() bool { return false }

// While the source fails or hangs, its last credentials are returned until they expire. After that
// the answer is 503, in time.
func TestHandlerThroughOutage(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"fails", "hangs", "panics"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var down atomic.Bool
				c := credentials(1)
				c.Expires = time.Now().Add(10 * time.Minute)
				h := newHandler(t, export.CredentialsSourceFunc(func(ctx context.Context) (aws.Credentials, error) {
					switch {
					case !down.Load():
						return c, nil
					case kind == "panics":
						panic("s3cr3t")
					case kind == "hangs":
						<-ctx.Done()
						return aws.Credentials{}, ctx.Err()
					}
					return aws.Credentials{}, errors.New("STS is down")
				}), nil)
				const inTime = 900 * time.Millisecond // the SDK for JavaScript waits one second
				ask := func(status int, atMost time.Duration) {
					t.Helper()
					began := time.Now()
					w := answer(h, request(t.Context()))
					if w.Code != status || time.Since(began) > atMost {
						t.Errorf("status %d after %v, want %d within %v: %s", w.Code, time.Since(began), status, atMost, w.Body)
					}
					if strings.Contains(w.Body.String(), "s3cr3t") {
						t.Errorf("the answer contains the text of the panic: %s", w.Body)
					}
				}
				ask(200, 0)
				down.Store(true)
				for range 5 {
					time.Sleep(time.Minute)
					ask(200, inTime)
				}
				time.Sleep(10 * time.Minute)
				ask(503, inTime)
				ask(503, 0) // at once, because the failure is remembered
				down.Store(false)
				time.Sleep(2 * time.Minute)
				c.Expires = time.Now().Add(time.Hour)
				ask(200, 0)
			})
		})
	}
}

// An error that is not retryable is answered with 403, so that SDKs do not retry.
func TestHandlerPermanentError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		err := error(nil)
		h := newHandler(t, export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) { return credentials(1), err }), nil)
		if w := answer(h, request(t.Context())); w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
		for _, permanent := range []error{
			permanentError{errors.New("not authorized")},
			fmt.Errorf("a source of package idp: %w", permanentSource{errors.New("not authorized")}),
		} {
			err = permanent
			w := answer(h, request(t.Context()))
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "not authorized") {
				t.Errorf("%T: status %d: %s", permanent, w.Code, w.Body)
			}
			time.Sleep(2 * time.Second)
		}
		err = errors.New("down")
		time.Sleep(2 * time.Second)
		if w := answer(h, request(t.Context())); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}

// Requests at the same time share one call of the source.
func TestHandlerSharesACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		h := newHandler(t, export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) {
			calls.Add(1)
			time.Sleep(500 * time.Millisecond)
			return credentials(1), nil
		}), nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if w := answer(h, request(t.Context())); w.Code != http.StatusOK {
					t.Errorf("status %d", w.Code)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

// For one second after a failure, requests get its error without a call of the source. Each failure is
// in the log.
func TestHandlerRemembersAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		calls := 0
		h := newHandler(t, export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) {
			if calls++; calls < 3 {
				return aws.Credentials{}, errors.New("down")
			}
			return credentials(1), nil
		}), &export.HandlerOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for _, step := range []struct {
			after         time.Duration
			calls, status int
		}{{0, 1, 503}, {999 * time.Millisecond, 1, 503}, {time.Millisecond, 2, 503}, {time.Second, 3, 200}, {0, 4, 200}, {0, 5, 200}} {
			time.Sleep(step.after)
			if w := answer(h, request(t.Context())); w.Code != step.status || calls != step.calls {
				t.Errorf("status %d and %d calls, want %d and %d", w.Code, calls, step.status, step.calls)
			}
		}
		if got := strings.Count(log.String(), "no new credentials"); got != 2 {
			t.Errorf("the log has %d failures, want 2: %s", got, log.String())
		}
	})
}

// Credentials that must not be handed out are a failure of the source.
func TestHandlerRefusesTheSourcesCredentials(t *testing.T) {
	t.Parallel()
	c := credentials(1)
	c.SessionToken = ""
	if w := answer(newHandler(t, always(c), nil), request(t.Context())); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "SessionToken is empty") {
		t.Errorf("status %d: %s, want a refusal of the credentials", w.Code, w.Body)
	}
}
