package awsfed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unique"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/claims"
)

// A session is one set of credentials. It is immutable once published. A program may have one for
// each of many roles, so it is small.
type session struct {
	// served is what Retrieve returns while the session is fresh. Its Expires is the beginning of the
	// advisory window.
	served      aws.Credentials
	at          time.Time     // when the answer arrived, with a reading of the monotonic clock
	expires     int64         // as STS set it, in the time of STS, in Unix nanoseconds
	skew        time.Duration // of the clock of STS; positive if it is ahead
	assumedRole string        // ARN, with the session name
	requestID   string
	tokenSize   int32 // bytes of the session token, as STS reports it; zero if it does not
	policySize  int32 // percent of the packed policies and tags, as STS reports it
	identity    unique.Handle[identity]

	// madeUntil is when the first of the earlier credentials of a chain expires, in Unix nanoseconds of
	// the local clock. Zero without a chain.
	madeUntil int64
}

// An identity is what [Status] says about the ID token of a session, without personal data. Sessions
// of the same identity share it.
type identity struct {
	issuer         string
	audience       string
	subject        string // redacted
	provider       string // ARN of the IAM identity provider
	sessionName    string // of the first role of a chain, or of the role
	sourceIdentity string
}

// expiry returns when STS ends the credentials.
func (s *session) expiry() time.Time { return time.Unix(0, s.expires).UTC() }

// maxSkew is the difference between the clocks of STS and of this machine above which deadlines are
// kept in the time of STS. The Date header has whole seconds and was on the network for a while, so
// it says nothing about smaller differences.
const maxSkew = time.Minute

// localExpiry returns when the credentials end by the local clock.
func (s *session) localExpiry() time.Time {
	if s.skew.Abs() > maxSkew {
		return s.expiry().Add(-s.skew)
	}
	return s.expiry()
}

// longestSession is the longest lifetime that STS grants (AssumeRoleWithWebIdentity,
// DurationSeconds).
const longestSession = 12 * time.Hour

// ignoreBadDate sets the skew to zero if the expiry is plausible only without it: then the Date
// header is wrong, for example that of a proxy, and not the clocks.
func (s *session) ignoreBadDate() {
	plausible := func(end time.Time) bool {
		life := end.Sub(s.at)
		return life > 0 && life <= longestSession+5*time.Minute
	}
	if !plausible(s.localExpiry()) && plausible(s.expiry()) {
		s.skew = 0
	}
}

// sessionName returns the session name for a token: the identity in the subject, or, if package
// claims cannot parse it, a name that is the same for the same subject and does not show it.
func sessionName(c claims.Claims) string {
	if id, err := c.Identity(); err == nil {
		if name := id.SessionName(); name != "" {
			return name
		}
	}
	sum := sha256.Sum256([]byte(c.Issuer + "\x00" + c.Subject))
	return "onafed-" + hex.EncodeToString(sum[:4])
}

// audienceOf returns the audience that AWS evaluates: azp if the token has it, otherwise aud.
func audienceOf(c claims.Claims) string {
	return cmp.Or(c.AuthorizedParty, strings.Join(c.Audience, " "))
}
