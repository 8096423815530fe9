package awsfed

// In the package itself: a test cannot set the two clocks, so it changes their readings.

import (
	"context"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

func TestJumped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		wall, mono time.Duration
		want       bool
	}{
		{"both alike", time.Hour, time.Hour, false},
		{"NTP corrects", time.Hour + 2*time.Second, time.Hour, false},
		{"NTP corrects at most", time.Hour + 10*time.Second, time.Hour, false},
		{"suspended for a minute", 2 * time.Minute, time.Minute, true},
		{"set forward", 25 * time.Hour, time.Hour, true},
		{"set back", -time.Hour, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := jumped(tt.wall, tt.mono); got != tt.want {
				t.Errorf("jumped(%v, %v) = %v, want %v", tt.wall, tt.mono, got, tt.want)
			}
		})
	}
}

// givesKeys is an STS that issues credentials to every caller.
type givesKeys struct{}

func (givesKeys) AssumeRoleWithWebIdentity(context.Context, *sts.AssumeRoleWithWebIdentityInput, ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return &sts.AssumeRoleWithWebIdentityOutput{Credentials: &types.Credentials{
		AccessKeyId: aws.String("AKID"), SecretAccessKey: aws.String("secret"), SessionToken: aws.String("token"),
		Expiration: aws.Time(time.Now().Add(time.Hour)),
	}}, nil
}

// Connections may be broken if the wall clock has jumped since the last answer.
func TestMayHaveBrokenConnections(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]bool{0: false, time.Second: false, time.Hour: true, -time.Hour: true} {
		p, err := New(givesKeys{}, "arn:aws:iam::123456789012:role/deploy", idptest.NewIssuer(t, nil).TokenSource(idp.AudienceAWS))
		if err != nil {
			t.Fatal(err)
		}
		if p.mayHaveBrokenConnections() {
			t.Error("connections are doubted before the first answer")
		}
		if _, err := p.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, _ := p.engine.Peek()
		s.at = wallBefore(t, s.at, ahead)
		if got := p.mayHaveBrokenConnections(); got != want {
			t.Errorf("after a jump of %v: mayHaveBrokenConnections = %v, want %v", ahead, got, want)
		}
	}
}

// wallBefore returns t with a wall clock reading that is earlier by d, in whole seconds. A Time
// with a monotonic reading begins with a word that has the seconds from its 31st bit on, see
// package time.
func wallBefore(t *testing.T, at time.Time, d time.Duration) time.Time {
	t.Helper()
	changed := at
	*(*uint64)(unsafe.Pointer(&changed)) -= uint64(int64(d/time.Second)) << 30
	if changed.Sub(at) != 0 || at.Round(0).Sub(changed.Round(0)) != d {
		t.Fatalf("%v made %v earlier is %v: the layout of time.Time has changed", at, d, changed)
	}
	return changed
}
