package awsfed_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
)

// A refusal names the step, its role and the answer of STS, and says what to check for that step.
func TestChainRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		set       func(*awsfed.NextRole) // changes the last role
		code      string
		role      string // that is refused
		step      int
		retryable bool
		next      []string // parts of NextStep
		without   string   // not a part of NextStep
	}{
		{name: "the first role", code: "AccessDenied", role: roleARN, step: 1, next: []string{"sts:AssumeRoleWithWebIdentity", "oidc-provider/app.gitpod.io"}, without: "ExternalID"},
		{name: "the middle role", code: "AccessDenied", role: middleRole, step: 2, next: []string{"a permission policy of \"" + roleARN + "\" allows sts:AssumeRole for \"" + middleRole + "\"", "principal AWS \"" + roleARN + "\"", "no external ID was sent"}, without: "TagSession"},
		{name: "the last role", code: "AccessDenied", role: lastRole, step: 3, next: []string{"a permission policy of \"" + middleRole, "principal AWS \"" + middleRole + "\""}, without: "TagSession"},
		{name: "an external ID", set: func(r *awsfed.NextRole) { r.ExternalID = "hidden-id" }, code: "AccessDenied", role: lastRole, step: 3, next: []string{"has the external ID that was sent"}, without: "hidden-id"},
		{name: "tags", set: func(r *awsfed.NextRole) { r.Tags = map[string]string{"a": "b"} }, code: "AccessDenied", role: lastRole, step: 3, next: []string{"sts:TagSession"}, without: "SetSourceIdentity"},
		{name: "a source identity", set: func(r *awsfed.NextRole) { r.SourceIdentity = "alice" }, code: "AccessDenied", role: lastRole, step: 3, next: []string{"sts:SetSourceIdentity"}},
		{name: "a duration", code: "ValidationError", role: lastRole, step: 3, next: []string{"an hour at most in a chain"}},
		{name: "a large policy", code: "PackedPolicyTooLarge", role: lastRole, step: 3, next: []string{"too large together"}},
		{name: "new credentials that STS rejects", code: "InvalidClientTokenId", role: lastRole, step: 3, retryable: true, next: []string{"STS rejected new credentials of \"" + middleRole}},
		{name: "a wrong clock", code: "SignatureDoesNotMatch", role: middleRole, step: 2, retryable: true, next: []string{"the clock of this machine"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newChainService()
				s.refuse = func(role, _ string) error {
					if role == tt.role {
						return apiError(tt.code, "not authorized")
					}
					return nil
				}
				if tt.step == 1 {
					s.failWith(apiError(tt.code, "not authorized"))
				}
				p, _ := newChain(t, s, three, func(o *awsfed.Options) {
					if tt.set != nil {
						tt.set(&o.Chain[1])
					}
				})
				_, err := p.Retrieve(t.Context())
				e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
				if !ok || e.Step != tt.step || e.Steps != 3 || e.RoleARN != tt.role || e.Code != tt.code || e.Retryable() != tt.retryable || e.SessionName != "env-"+envID {
					t.Fatalf("Retrieve = %#v", err)
				}
				text := "awsfed: assuming role \"" + tt.role + "\" (step " + string(rune('0'+tt.step)) + " of 3): STS answered " + tt.code + `: "not authorized"`
				if err.Error() != text {
					t.Errorf("error = %q, want %q", err, text)
				}
				step := e.NextStep()
				for _, want := range tt.next {
					if !strings.Contains(step, want) {
						t.Errorf("NextStep() = %q, want %q in it", step, want)
					}
				}
				if tt.without != "" && strings.Contains(step, tt.without) {
					t.Errorf("NextStep() = %q, want no %q in it", step, tt.without)
				}
				if st := p.Status(); st.Err == nil || st.Err.Error() != text || st.RoleARN != lastRole {
					t.Errorf("Status has the error %v and the role %q", st.Err, st.RoleARN)
				}
			})
		})
	}
}

// A permanent refusal of any step is returned to callers although the old credentials are valid, and
// repaired within seconds.
func TestChainRefusedLater(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{roleARN, middleRole, lastRole} {
		t.Run(refused, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newChainService()
				p, _ := newChain(t, s, three, exact)
				old := wantKey(t, p, "AKID1-middle1-last1", 0)
				denied := apiError("AccessDenied", "no")
				s.set(func(*service) {
					s.refuse = func(role, _ string) error {
						if role == refused {
							return denied
						}
						return nil
					}
				})
				if refused == roleARN {
					s.failWith(denied)
				}
				time.Sleep(46 * time.Minute)
				wantKey(t, p, old.AccessKeyID, 0)
				synctest.Wait()
				_, err := p.Retrieve(t.Context())
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.RoleARN != refused || e.Retryable() {
					t.Fatalf("Retrieve = %v, want the refusal of %s", err, refused)
				}
				s.failWith(nil)
				s.set(func(*service) { s.refuse = nil })
				time.Sleep(11 * time.Second) // two pauses of at most 5 seconds
				if c, err := p.Retrieve(t.Context()); err != nil || c.AccessKeyID == old.AccessKeyID {
					t.Errorf("Retrieve after the repair = %q, %v", c.AccessKeyID, err)
				}
			})
		})
	}
}

// Credentials of the first role that STS rejects are renewed once, and then the chain is tried again.
func TestChainRenewsRejectedCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code    string
		age     time.Duration // of the credentials of the first role
		renewed bool
	}{
		{"ExpiredToken", 0, true},
		{"ExpiredTokenException", 0, true},
		{"InvalidClientTokenId", 0, true},
		{"UnrecognizedClientException", 0, true},
		{"InvalidAccessKeyId", 0, true},
		{"AccessDenied", 2 * time.Minute, true}, // the permissions of older sessions may have been revoked
		{"AccessDenied", time.Minute, true},
		{"AccessDenied", 30 * time.Second, false},
		{"ValidationError", 2 * time.Minute, false},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newChainService()
				p, src := newChain(t, s, three)
				old := wantKey(t, p, "AKID1-middle1-last1", 0)
				s.set(func(*service) {
					s.refuse = func(role, key string) error {
						if role == middleRole && key == "AKID1" {
							return apiError(tt.code, "no")
						}
						return nil
					}
				})
				time.Sleep(tt.age)
				p.Invalidate(old.AccessKeyID)
				c, err := p.Retrieve(t.Context())
				if renewed := c.AccessKeyID == "AKID2-middle2-last2"; renewed != tt.renewed || (err == nil) != tt.renewed {
					t.Errorf("Retrieve = %q, %v, want new ones: %v", c.AccessKeyID, err, tt.renewed)
				}
				if got := src.count() - 1; (got == 1) != tt.renewed {
					t.Errorf("%d more tokens, renewed: %v", got, tt.renewed)
				}
			})
		})
	}
}

// If STS rejects new credentials too, a refresh renews them once only.
func TestChainRenewsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		s.refuse = func(string, string) error { return apiError("ExpiredToken", "expired") }
		p, src := newChain(t, s, two)
		_, err := p.Retrieve(t.Context())
		if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Step != 2 || e.Code != "ExpiredToken" || !strings.Contains(e.NextStep(), "rejected new credentials") {
			t.Errorf("Retrieve = %v", err)
		}
		if _, others := s.sent(); src.count() != 2 || others != 2 {
			t.Errorf("%d tokens and %d requests for the last role, want 2 and 2", src.count(), others)
		}
	})
}

// While the source of tokens is down, the credentials of the first role serve as long as they are
// valid, so callers notice the outage almost an hour later.
func TestChainOutageOfTheFirstRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		p, src := newChain(t, s, two, exact)
		begin := time.Now()
		wantKey(t, p, "AKID1-last1", 0)
		src.failWith(errors.New("the identity provider is down"))
		for time.Since(begin) < 112*time.Minute {
			time.Sleep(time.Second)
			c, err := p.Credentials(t.Context())
			if err != nil || !time.Now().Before(c.Expires) {
				t.Fatalf("after %v: Credentials = %q until %v, %v", time.Since(begin), c.AccessKeyID, c.Expires, err)
			}
		}
		if _, got := s.sent(); got > 5 {
			t.Errorf("%d requests for the last role in the outage, want few", got)
		}
		if got := src.count(); got > 100 {
			t.Errorf("%d calls of the source in the outage, want few", got)
		}
		for err := error(nil); err == nil; _, err = p.Retrieve(t.Context()) {
			time.Sleep(time.Second)
		}
		_, err := p.Retrieve(t.Context())
		if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Step != 1 || e.RoleARN != roleARN || !e.Retryable() || !strings.Contains(e.NextStep(), "STS was not called") {
			t.Errorf("Retrieve = %v, want an error of the first step", err)
		}
		before := src.count()
		for range 600 {
			time.Sleep(time.Second)
			_, _ = p.Retrieve(t.Context())
		}
		if got := src.count() - before; got < 20 || got > 200 {
			t.Errorf("%d calls of the source in 10 minutes without credentials, want one each 3 to 30 seconds", got)
		}
		src.failWith(nil)
		repaired := time.Now()
		for err := err; err != nil; _, err = p.Retrieve(t.Context()) {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(repaired); took > 16*time.Second {
			t.Errorf("new credentials %v after the repair, want at most 16s", took)
		}
	})
}

// If there are no other credentials of the first role, the request with the rejected ones is not
// repeated.
func TestChainDoesNotRepeatARejection(t *testing.T) {
	t.Parallel()
	for rule, stop := range map[string]func(*chainService, *mintery){
		"the source is down":         func(_ *chainService, src *mintery) { src.failWith(errors.New("down")) },
		"STS refuses the first role": func(s *chainService, _ *mintery) { s.failWith(apiError("AccessDenied", "no")) },
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newChainService()
				p, src := newChain(t, s, two)
				old := wantKey(t, p, "AKID1-last1", 0)
				s.set(func(*service) { s.refuse = func(string, string) error { return apiError("ExpiredToken", "expired") } })
				stop(s, src)
				p.Invalidate(old.AccessKeyID)
				_, before := s.sent()
				_, _ = p.Retrieve(t.Context())
				if _, after := s.sent(); after != before+1 {
					t.Errorf("%d requests with the rejected credentials, want 1", after-before)
				}
			})
		})
	}
}
