package awsfed_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"github.com/onafed/onafed/awsfed"
)

type wrongAnswer struct {
	name     string
	change   func(*sts.AssumeRoleWithWebIdentityOutput)
	duration time.Duration // Options.Duration
	want     string        // in the error; empty if the answer is accepted
}

// A wrong answer is a failed refresh, and good credentials stay.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range wrongAnswers() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				wrong := false
				client := clientFunc(func(context.Context, *sts.AssumeRoleWithWebIdentityInput, ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
					if !wrong {
						return answer(1, account, "x", time.Now().Add(time.Hour)), nil
					}
					out := answer(2, account, "x", time.Now().Add(time.Hour))
					tt.change(out)
					return out, nil
				})
				p, err := awsfed.New(client, roleARN, &mintery{tb: t}, exact, func(o *awsfed.Options) { o.Duration, o.AnyDuration = tt.duration, true })
				if err != nil {
					t.Fatal(err)
				}
				wantKey(t, p, "AKID1", 0)
				wrong = true
				time.Sleep(46 * time.Minute)
				wantKey(t, p, "AKID1", 0) // starts the refresh
				synctest.Wait()
				if tt.want == "" {
					wantKey(t, p, "AKID2", 0)
					return
				}
				wantKey(t, p, "AKID1", 0)
				e, ok := errors.AsType[*awsfed.AssumeRoleError](p.Status().Err)
				if !ok || !e.Retryable() || !strings.Contains(e.Error(), tt.want) {
					t.Errorf("the refresh failed with %v, want a retryable error with %q", p.Status().Err, tt.want)
				}
			})
		})
	}
}

func wrongAnswers() []wrongAnswer {
	return []wrongAnswer{
		{"as usual", func(*sts.AssumeRoleWithWebIdentityOutput) {}, 0, ""},
		{"no credentials", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials = nil }, 0, "no credentials"},
		{"no key", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.AccessKeyId = nil }, 0, "access key ID"},
		{"an empty key", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.AccessKeyId = aws.String("") }, 0, "access key ID"},
		{"a key with a line break", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.AccessKeyId = aws.String("AKID\n") }, 0, "access key ID"},
		{"a token of all kinds of characters", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.SessionToken = aws.String("!token~") }, 0, ""},
		{"a key with a delete character", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.AccessKeyId = aws.String("AKID\x7f") }, 0, "access key ID"},
		{"a secret with a space", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.SecretAccessKey = aws.String("a b") }, 0, "secret access key"},
		{"a token that is not ASCII", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.SessionToken = aws.String("tök") }, 0, "session token"},
		{"no session token", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.SessionToken = nil }, 0, "session token"},
		{"no ARN", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.AssumedRoleUser = nil }, 0, ""},
		{"another account", func(o *sts.AssumeRoleWithWebIdentityOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:sts::999999999999:assumed-role/deploy/x")
		}, 0, "not for the requested role"},
		{"another role", func(o *sts.AssumeRoleWithWebIdentityOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:sts::" + account + ":assumed-role/admin/x")
		}, 0, "not for the requested role"},
		{"a role with the name as a prefix", func(o *sts.AssumeRoleWithWebIdentityOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:sts::" + account + ":assumed-role/deployer/x")
		}, 0, "not for the requested role"},
		{"a user", func(o *sts.AssumeRoleWithWebIdentityOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:iam::" + account + ":user/deploy")
		}, 0, "not for the requested role"},
		{"another service", func(o *sts.AssumeRoleWithWebIdentityOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:iam::" + account + ":assumed-role/deploy/x")
		}, 0, "not for the requested role"},
		{"no session", func(o *sts.AssumeRoleWithWebIdentityOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:sts::" + account + ":assumed-role/deploy/")
		}, 0, "not for the requested role"},
		{"no expiration", func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.Expiration = nil }, 0, "does not say when"},
		{"expired", expiresIn(0), 0, "expired at"},
		{"12 hours", expiresIn(12 * time.Hour), 0, ""},
		{"12 hours and a minute", expiresIn(12*time.Hour + time.Minute), 0, ""},
		{"more than that", expiresIn(12*time.Hour + time.Minute + time.Second), 0, "more than 12h1m0s from now"},
		{"a week, as requested", expiresIn(7 * 24 * time.Hour), 7 * 24 * time.Hour, ""},
		{"a week, for a day", expiresIn(7 * 24 * time.Hour), 24 * time.Hour, "more than 24h1m0s from now"},
	}
}

func expiresIn(d time.Duration) func(*sts.AssumeRoleWithWebIdentityOutput) {
	return func(o *sts.AssumeRoleWithWebIdentityOutput) { o.Credentials.Expiration = aws.Time(time.Now().Add(d)) }
}

// Status has what STS says about a session.
func TestStatusOfASession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := clientFunc(func(context.Context, *sts.AssumeRoleWithWebIdentityInput, ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
			out := answer(1, account, "x", time.Now().Add(time.Hour))
			out.SourceIdentity, out.SessionTokenSize = aws.String("jane"), aws.Int32(1234)
			out.PackedPolicySize = aws.Int32(56) //nolint:staticcheck // deprecated for a field of another meaning
			out.ResultMetadata = middleware.Metadata{}
			return out, nil
		})
		p, err := awsfed.New(client, roleARN, &mintery{tb: t, claims: map[string]any{"sub": personal, "azp": "client"}})
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, p, "AKID1", 0)
		st := p.Status()
		if st.SourceIdentity != "jane" || st.SessionTokenSize != 1234 || st.PackedPolicySize != 56 || st.Audience != "client" ||
			strings.Contains(st.Subject, "jane") || !strings.Contains(st.Subject, orgID) {
			t.Errorf("Status = %+v", st)
		}
	})
}
