package awsfedtest

import (
	"bytes"
	"compress/flate"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/arn"
)

const (
	// tokenPrefix is the start of each session token. It is valid base64 whose length is a multiple
	// of four, so that the whole token is base64, as AWS's tokens are.
	tokenPrefix = "TESTONAFED//"
	// maxToken is the longest session token of STS in bytes, since September 2026.
	maxToken = 4096
	// plainSession is the largest JSON of a session in bytes that is not compressed.
	plainSession = 1024
	// packed is the start of the compressed JSON of a session.
	packed = "z"
)

// A session is an assumed role. The STS does not store sessions: the session token contains the
// session, sealed with a key of the STS, so that a process that runs for weeks does not fill its
// memory.
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

	role arn.ARN // RoleARN, parsed
}

// begin starts the requested session. x has the attributes that are not in the request.
func (s *STS) begin(op *operation, role Role, want sessionRequest, x session) (session, credentials, *apiError) {
	length := want.duration
	switch {
	case length == 0:
		length = min(defaultSession, role.MaxSessionDuration)
	case length > role.MaxSessionDuration:
		return session{}, credentials{}, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	// The end is rounded up to a second, so that short sessions do not end early.
	end := op.now.Add(length).Add(time.Second - 1).Unix()
	x.role, x.RoleARN, x.Name, x.Expires, x.Policy, x.PolicyARNs = want.role, want.roleARN, want.name, end, want.policy, want.policyARNs
	creds, refused := s.issue(x, want.minToken)
	if refused == nil {
		op.call.AccessKeyID = creds.AccessKeyID
	}
	return x, creds, refused
}

// credentials is the element Credentials of a response.
type credentials struct {
	SessionToken    string
	SecretAccessKey string
	Expiration      string
	AccessKeyID     string `xml:"AccessKeyId"`
}

// issue returns credentials for a session. minToken is the MinimumSessionTokenSize.
func (s *STS) issue(x session, minToken int) (credentials, *apiError) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], s.issued.Add(1)<<34) // the upper 30 bits are six digits of base32
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

// mac returns a message authentication code with the key of the STS.
func (s *STS) mac(purpose string, data []byte) []byte {
	return hmacSHA256(s.master[:], purpose+"\x00"+string(data))
}

// secret returns the secret access key for an access key ID: 40 characters, as in AWS.
func (s *STS) secret(accessKeyID string) string {
	return base64.StdEncoding.EncodeToString(s.mac("secret", []byte(accessKeyID))[:30])
}

// seal returns the session token of a session. Spaces after the JSON make it at least minToken bytes
// long.
func (s *STS) seal(x session, minToken int) (string, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	if len(data) > plainSession {
		if data, err = pack(data); err != nil {
			return "", err
		}
	}
	if padding := (minToken-len(tokenPrefix)+3)/4*3 - sha256.Size - len(data); padding > 0 {
		data = append(data, bytes.Repeat([]byte(" "), padding)...)
	}
	return tokenPrefix + base64.StdEncoding.EncodeToString(append(s.mac("session", data), data...)), nil
}

// open returns the session in a session token, and reports whether this STS issued the token.
func (s *STS) open(token string) (session, bool) {
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
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
	data, err = unpack(data)
	if err != nil {
		return session{}, false
	}
	var x session
	if err := json.Unmarshal(data, &x); err != nil {
		return session{}, false
	}
	x.role, err = parseRoleARN(x.RoleARN)
	return x, err == nil
}

// pack compresses the JSON of a session with many tags or large policies, as AWS packs them. How
// well AWS compresses is not documented.
func pack(data []byte) ([]byte, error) {
	b := bytes.NewBufferString(packed)
	w, err := flate.NewWriter(b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// unpack returns the JSON of a session, which may be compressed. The data is that of a valid session
// token, so its size is limited by the parameters of a call.
func unpack(data []byte) ([]byte, error) {
	if compressed, ok := bytes.CutPrefix(data, []byte(packed)); ok {
		return io.ReadAll(flate.NewReader(bytes.NewReader(compressed)))
	}
	return data, nil
}

// arn returns the ARN of the session. It does not contain the path of the role.
func (x session) arn() string {
	_, role, _ := x.role.Role()
	return "arn:" + x.role.Partition + ":sts::" + x.role.Account + ":assumed-role/" + role + "/" + x.Name
}

// userID returns the unique ID of the role, which starts with AROA as in AWS, and the session name.
func (x session) userID() string {
	sum := sha256.Sum256([]byte(x.RoleARN))
	return "AROATESTONAFED" + base32.StdEncoding.EncodeToString(sum[:])[:7] + ":" + x.Name
}

// sizes returns the members of a response about the length of the session token.
func (x session) sizes(creds credentials) sessionSizes {
	n := len(creds.SessionToken)
	z := sessionSizes{SessionTokenSize: n, SessionTokenUtilization: n * 100 / maxToken}
	if len(x.Tags) > 0 || x.Policy != "" || len(x.PolicyARNs) > 0 {
		z.PackedPolicySize = max(1, z.SessionTokenUtilization)
	}
	return z
}
