package awsfedtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"
)

const (
	// tokenMark begins every session token. Its length is a multiple of four and its characters are of the base64 alphabet, so
	// that a token as a whole is base64 text, as AWS's are.
	tokenMark = "TESTONAFED//"
	// maxToken is the longest session token that STS gives out, since September 2026.
	maxToken = 4096
)

// A session is what a set of temporary credentials stands for. The STS keeps none: the session token carries it, sealed with the
// STS's own key, so that a process that runs for weeks grows no table.
type session struct {
	AccessKeyID    string            `json:"k"`
	RoleARN        string            `json:"r"`
	Name           string            `json:"n"`
	Expires        int64             `json:"x"` // seconds since 1970
	SourceIdentity string            `json:"i,omitempty"`
	Tags           map[string]string `json:"t,omitempty"`
	Transitive     []string          `json:"v,omitempty"`
	Policy         string            `json:"p,omitempty"`
	PolicyARNs     []string          `json:"a,omitempty"`

	role roleARN // RoleARN, taken apart
}

// begin starts the session that was asked for in a role that lets the caller in: x, filled up with what the request says.
func (s *STS) begin(op *operation, role Role, want sessionRequest, x session) (session, credentials, *apiError) {
	length := want.duration
	switch {
	case length == 0:
		length = min(defaultSession, role.MaxSessionDuration)
	case length > role.MaxSessionDuration:
		return session{}, credentials{}, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	// A whole second, and never early, which matters to sessions of seconds.
	end := op.now.Add(length).Add(time.Second - 1).Unix()
	x.role, x.RoleARN, x.Name, x.Expires, x.Policy, x.PolicyARNs = want.role, want.roleARN, want.name, end, want.policy, want.policyARNs
	creds, refused := s.issue(x, want.minToken)
	if refused == nil {
		op.call.AccessKeyID = creds.AccessKeyID
	}
	return x, creds, refused
}

// credentials is the element Credentials of an answer.
type credentials struct {
	SessionToken    string
	SecretAccessKey string
	Expiration      string
	AccessKeyID     string `xml:"AccessKeyId"`
}

// issue makes credentials for x that last until its end. minToken is the MinimumSessionTokenSize.
func (s *STS) issue(x session, minToken int) (credentials, *apiError) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], s.issued.Add(1)<<34) // 30 bits are six digits of base32
	x.AccessKeyID = "ASIATESTONAFED" + base32.StdEncoding.EncodeToString(n[:])[:6]
	token, err := s.seal(x, minToken)
	if err != nil {
		return credentials{}, refuse("InternalFailure", "").because("%v", err)
	}
	if len(token) > maxToken {
		return credentials{}, refuse("PackedPolicyTooLarge", "").because("session token of %d bytes", len(token))
	}
	return credentials{
		SessionToken:    token,
		SecretAccessKey: s.secret(x.AccessKeyID),
		Expiration:      time.Unix(x.Expires, 0).UTC().Format(time.RFC3339),
		AccessKeyID:     x.AccessKeyID,
	}, nil
}

func (s *STS) mac(purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, s.master[:])
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(data)
	return h.Sum(nil)
}

// secret is the secret access key that belongs to a key id: 40 characters, as AWS's have.
func (s *STS) secret(accessKeyID string) string {
	return base64.StdEncoding.EncodeToString(s.mac("secret", []byte(accessKeyID))[:30])
}

// seal makes the session token, at least so many characters long. Spaces behind the JSON make up the length.
func (s *STS) seal(x session, least int) (string, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	if lack := (least-len(tokenMark)+3)/4*3 - sha256.Size - len(data); lack > 0 {
		data = append(data, bytes.Repeat([]byte(" "), lack)...)
	}
	return tokenMark + base64.StdEncoding.EncodeToString(append(s.mac("session", data), data...)), nil
}

// open reads a session token that this STS made.
func (s *STS) open(token string) (session, bool) {
	encoded, ok := strings.CutPrefix(token, tokenMark)
	if !ok || len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // encoding/base64 skips line breaks
		return session{}, false
	}
	sealed, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(sealed) < sha256.Size {
		return session{}, false
	}
	seal, data := sealed[:sha256.Size], sealed[sha256.Size:]
	if !hmac.Equal(seal, s.mac("session", data)) {
		return session{}, false
	}
	var x session
	if err := json.Unmarshal(data, &x); err != nil {
		return session{}, false
	}
	x.role, err = parseRoleARN(x.RoleARN)
	return x, err == nil
}

// arn is the ARN of the session itself. The role's path is not part of it.
func (x session) arn() string {
	return "arn:" + x.role.partition + ":sts::" + x.role.account + ":assumed-role/" + x.role.name + "/" + x.Name
}

// userID is the unique id of the role and the name of the session. AWS's begin with AROA.
func (x session) userID() string {
	sum := sha256.Sum256([]byte(x.RoleARN))
	return "AROATESTONAFED" + base32.StdEncoding.EncodeToString(sum[:])[:7] + ":" + x.Name
}

// sizes are the members of an answer about the length of the session token.
func (x session) sizes(creds credentials) sessionSizes {
	n := len(creds.SessionToken)
	z := sessionSizes{SessionTokenSize: n, SessionTokenUtilization: n * 100 / maxToken}
	if len(x.Tags) > 0 || x.Policy != "" || len(x.PolicyARNs) > 0 {
		z.PackedPolicySize = max(1, z.SessionTokenUtilization)
	}
	return z
}
