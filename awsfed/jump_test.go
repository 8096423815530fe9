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

// The clock of STS is not used if the credentials have a plausible life only without it.
func TestIgnoreBadDate(t *testing.T) {
	t.Parallel()
	const longest = longestSession + 5*time.Minute
	for _, tt := range []struct {
		rule             string
		life, skew, want time.Duration
	}{
		{"plausible with the skew", time.Hour, 10 * time.Minute, 10 * time.Minute},
		{"too long with the skew", time.Hour, -24 * time.Hour, 0},
		{"over with the skew", time.Hour, 2 * time.Hour, 0},
		{"the longest life", longest, -time.Hour, 0},
		{"too long either way", longest + 1, -time.Hour, -time.Hour},
		{"over either way", 0, time.Hour, time.Hour},
	} {
		now := time.Now()
		s := session{at: now, expires: now.Add(tt.life).UnixNano(), skew: tt.skew}
		if s.ignoreBadDate(); s.skew != tt.want {
			t.Errorf("%s: a life of %v and a skew of %v: skew %v, want %v", tt.rule, tt.life, tt.skew, s.skew, tt.want)
		}
	}
}

// A skew of a minute is not more than the error of the Date header.
func TestSmallSkew(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for skew, want := range map[time.Duration]time.Duration{maxSkew: time.Hour, maxSkew + 1: time.Hour - maxSkew - 1, -maxSkew: time.Hour} {
		s := session{at: now, expires: now.Add(time.Hour).UnixNano(), skew: skew}
		if got := s.localExpiry().Sub(now); got != want {
			t.Errorf("a skew of %v: the credentials end after %v, want %v", skew, got, want)
		}
		if got := (Status{Valid: true, Expires: s.expiry(), ClockSkew: skew}).Remaining(now); got != want {
			t.Errorf("a skew of %v: Remaining = %v, want %v", skew, got, want)
		}
	}
}
