package awsfed

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/claims"
)

// A session is one set of credentials and where it comes from. It is immutable
// once published. There is one for each role, so it is kept small.
type session struct {
	// served is what Retrieve returns while it is fresh: its Expires is the
	// beginning of the advisory window.
	served  aws.Credentials
	at      time.Time // when the answer arrived, with the monotonic clock's reading
	expires int64     // as STS set it, in STS's time, in unix nanoseconds
	skew    time.Duration
	arn     string // of the assumed role, with the session name
	request string // id of the request
}

// expiry returns when STS ends the credentials.
func (s *session) expiry() time.Time { return time.Unix(0, s.expires).UTC() }

// maxSkew is how far STS's clock and ours may differ until deadlines are kept
// in STS's time. Below it the Date header, which has whole seconds and was
// under way for a while, says too little.
const maxSkew = time.Minute

// localExpiry returns when the credentials end by the local clock.
func (s *session) localExpiry() time.Time {
	if s.skew.Abs() > maxSkew {
		return s.expiry().Add(-s.skew)
	}
	return s.expiry()
}

// longestSession is the most that STS gives, and some time for the answer's way
// (AssumeRoleWithWebIdentity, "DurationSeconds").
const longestSession = 12*time.Hour + 5*time.Minute

// distrustDate forgets the skew if it makes nonsense of an expiry that is good
// without it: then the Date is wrong, as a proxy's may be, and not the clocks.
func (s *session) distrustDate() {
	sane := func(end time.Time) bool {
		life := end.Sub(s.at)
		return life > 0 && life <= longestSession
	}
	if !sane(s.localExpiry()) && sane(s.expiry()) {
		s.skew = 0
	}
}

// sessionName returns the session name for a token: the identity in it, or,
// where the subject says nothing to us, a name that is the same for the same
// subject and tells nothing of it.
func sessionName(c claims.Claims) string {
	if id, err := c.Identity(); err == nil {
		if name := id.SessionName(); name != "" {
			return name
		}
	}
	sum := sha256.Sum256([]byte(c.Issuer + "\x00" + c.Subject))
	return "onafed-" + hex.EncodeToString(sum[:4])
}
