package awsfed

import (
	"crypto/sha256"
	"encoding/hex"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/refresh"
)

// A session is one set of credentials and where it comes from. But for used it
// is immutable once published.
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
	used    uint32 // 1 once somebody got the credentials; atomic
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

// touch notes that somebody uses the credentials, for [Pool.Run]. It writes
// once, so that readers on several cores share the line.
func (s *session) touch() {
	if atomic.LoadUint32(&s.used) == 0 {
		atomic.StoreUint32(&s.used, 1)
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

// inUse reports whether somebody got the credentials.
func (s *session) inUse() bool { return atomic.LoadUint32(&s.used) != 0 }
