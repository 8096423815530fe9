package awsfed_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/internal/testkit/refreshrules"
)

// A vectorProvider is a provider with the keys of a vector.
type vectorProvider struct{ *awsfed.Provider }

func (p vectorProvider) Call(ctx context.Context) string {
	c, err := p.Retrieve(ctx)
	var e *awsfed.AssumeRoleError
	switch {
	case err == nil:
		return strings.Replace(c.AccessKeyID, "AKID", "K", 1)
	case errors.As(err, &e) && !e.Retryable():
		return "permanent"
	}
	return "temporary"
}

func (p vectorProvider) Invalidate(key string) {
	p.Provider.Invalidate(strings.Replace(key, "K", "AKID", 1))
}

func TestCommonRules(t *testing.T) {
	t.Parallel()
	refreshrules.Run(t, func(t *testing.T, v *refreshrules.Vector) refreshrules.Subject {
		t.Helper()
		client := clientFunc(func(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, _ ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
			n, result, err := v.Fetch(ctx)
			life := time.Duration(v.Lifetime)
			switch result {
			case "temporary":
				err = errors.New("down")
			case "permanent":
				err = apiError("AccessDenied", "no")
			case "expired":
				life = -time.Second
			}
			return answer(n, account, aws.ToString(in.RoleSessionName), time.Now().Add(life)), err
		})
		p, err := awsfed.New(client, roleARN, &mintery{tb: t}, func(o *awsfed.Options) {
			o.AdvisoryWindow, o.ServeExpired = time.Duration(v.Window), v.ServeExpired
			if v.Backoff != 0 {
				o.RefreshBackoff = func(int, time.Duration) time.Duration { return time.Duration(v.Backoff) }
			}
			o.AttemptTimeout = time.Minute
		})
		if err != nil {
			t.Fatal(err)
		}
		return vectorProvider{p}
	})
}
