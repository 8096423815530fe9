package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/internal/arn"
)

// CacheKey holds everything that credentials depend on and that is known before any call. Two
// processes share an entry only if all of it is equal. The whole key is stored in the entry and
// compared, not only its hash.
type CacheKey struct {
	// Source is the kind of token source, for example "token file".
	Source string `json:"source,omitempty"`
	// SourceFingerprint distinguishes two sources of one kind: the [Fingerprint] of the bearer
	// token or of the content of the token file, never these themselves.
	SourceFingerprint string `json:"sourceFingerprint,omitempty"`
	// APIHost is the host that returns the token. It is empty if no host is asked.
	APIHost string `json:"apiHost,omitempty"`
	// Audience is the audience of the token.
	Audience string `json:"audience,omitempty"`
	// RoleARN is the role, of a chain the first one.
	RoleARN string `json:"roleArn,omitempty"`
	// Chain are the next roles of a chain, as in the options of package awsfed. The account in the
	// last role, or in RoleARN without a chain, must be the entry's account, if both are known.
	Chain []awsfed.NextRole `json:"chain,omitempty"`
	// Policy is the inline session policy, PolicyARNs are the managed ones.
	Policy     string   `json:"policy,omitempty"`
	PolicyARNs []string `json:"policyArns,omitempty"`
	// SessionName is the role session name. It is empty if it is derived from the token.
	SessionName string `json:"sessionName,omitempty"`
	// Duration is the requested duration, 0 for the default of STS.
	Duration time.Duration `json:"duration,omitempty"`
	// Endpoint is the STS endpoint or region.
	Endpoint string `json:"endpoint,omitempty"`
}

// lastRole returns the role whose credentials the entry has.
func (k *CacheKey) lastRole() string {
	if n := len(k.Chain); n > 0 {
		return k.Chain[n-1].RoleARN
	}
	return k.RoleARN
}

// CacheIdentity is the identity of an entry's credentials. It is known only after the calls.
type CacheIdentity struct {
	Issuer    string `json:"issuer,omitempty"`
	Subject   string `json:"subject,omitempty"`
	AccountID string `json:"accountId,omitempty"`
}

// Fingerprint returns 32 hexadecimal digits that represent a secret in a [CacheKey]. They do not
// reveal the secret, unless it is easy to guess.
func Fingerprint(secret string) string {
	sum := sha256.Sum256([]byte("onafed cache key\x00" + secret))
	return hex.EncodeToString(sum[:16])
}

// entryName returns the name of the file of a key's entry.
func entryName(key CacheKey) (string, error) {
	text, err := json.Marshal(key)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]) + ".json", nil
}

// notOf returns an error if the identity cannot be that of the key's last role.
func (i CacheIdentity) notOf(key CacheKey) error {
	a, ok := arn.Parse(key.lastRole())
	if !ok || !arn.IsAccount(a.Account) || i.AccountID == "" || i.AccountID == a.Account {
		return nil
	}
	return fmt.Errorf("they are for account %s, and the role %s is in another one; check the endpoint of STS", quoted(i.AccountID), quoted(key.lastRole()))
}

// unexpected returns an error if the identity is not the expected one. It does not contain a
// subject, which may contain personal data.
func (i CacheIdentity) unexpected(want CacheIdentity) error {
	var detail string
	switch {
	case want.Issuer != "" && i.Issuer != want.Issuer:
		detail = "Issuer is " + quoted(i.Issuer) + ", want " + quoted(want.Issuer)
	case want.Subject != "" && i.Subject != want.Subject:
		detail = "Subject differs"
	case want.AccountID != "" && i.AccountID != want.AccountID:
		detail = "AccountID is " + quoted(i.AccountID) + ", want " + quoted(want.AccountID)
	default:
		return nil
	}
	return fmt.Errorf("export: the credentials do not have the identity in Expect: %s; check the role, the token source and Expect", detail)
}
