package awsfed

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/refresh"
)

// A session is one set of credentials and where it comes from. It is immutable
// once published.
type session struct {
	// served is what Retrieve returns while it is fresh: its Expires is the
	// beginning of the advisory window.
	served  aws.Credentials
	expires time.Time // as STS set it, in STS's time
	at      time.Time // when the answer arrived, with the monotonic clock's reading
	skew    time.Duration
	arn     string // of the assumed role, with the session name
	request string // id of the request
	source  string // name of the token source
	gen     int64  // what tells it from the other sessions of its provider
}

// maxSkew is how far STS's clock and ours may differ until deadlines are kept
// in STS's time. Below it the Date header, which has whole seconds and was
// under way for a while, says too little.
const maxSkew = time.Minute

// localExpiry returns when the credentials end by the local clock.
func (s session) localExpiry() time.Time {
	if s.skew.Abs() > maxSkew {
		return s.expires.Add(-s.skew)
	}
	return s.expires
}

func (s *session) prepare(w refresh.Windows) {
	s.served.Expires = w.Advisory
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
