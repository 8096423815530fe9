package awsfed

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/sessiontag"
)

// A NextRole is a role of a chain after the first one, see [Options].Chain. It is assumed with the
// credentials of the previous role. The permission policy of the previous role and the trust policy
// of this role must both allow sts:AssumeRole.
type NextRole struct {
	// RoleARN is the role.
	RoleARN string

	// SessionName is the name of the role session, as in [Options]. Empty means the session name of
	// the first role, so that CloudTrail shows one name for the whole chain.
	SessionName string

	// ExternalID is the external ID that the trust policy requires as sts:ExternalId: 2 to 1,224 of
	// the characters A-Z a-z 0-9 _ + = , . @ : / and -. AWS does not treat it as a secret. Empty means
	// none.
	ExternalID string

	// Duration is the requested lifetime, in whole seconds from 15 minutes to an hour, which is the
	// limit of AWS for role chaining. Zero means the default of STS, an hour. [Options].AnyDuration
	// allows other durations.
	Duration time.Duration

	// Policy and PolicyARNs limit the permissions of the credentials, as in [Options].
	Policy     string
	PolicyARNs []string

	// Tags are the session tags, at most 50. The trust policy must allow sts:TagSession. Letter case
	// does not distinguish keys.
	Tags map[string]string

	// TransitiveTagKeys are the keys of the Tags that the roles after this one inherit. Those roles
	// cannot set the same keys.
	TransitiveTagKeys []string

	// SourceIdentity is the source identity of the session, with the characters of a session name.
	// The trust policy must allow sts:SetSourceIdentity. The roles after this one inherit it and
	// cannot change it. Empty means none, or the inherited one.
	SourceIdentity string
}

const (
	// maxNextRoles is the longest chain, as a protection against loops in generated options. AWS
	// documents no limit.
	maxNextRoles = 10

	// longestNextSession is the longest lifetime that AWS STS grants in a chain (AssumeRole, "Role
	// chaining limits your session to a maximum of one hour").
	longestNextSession = time.Hour
)

// checkChain checks the roles of a chain and what they inherit.
func checkChain(o *Options) error {
	if n := len(o.Chain); n > maxNextRoles {
		return optionError("Chain", "has %d roles, more than %d", n, maxNextRoles)
	}
	inherited := map[string]bool{} // keys of tags, in lower case
	identity := ""
	for i, r := range o.Chain {
		if err := r.check(o.AnyDuration); err != nil {
			return inChain(i, err)
		}
		for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
			if inherited[strings.ToLower(key)] {
				return inChain(i, optionError("Tags", "the session inherits the tag %s, which cannot be set again", quote.Text(key, 60)))
			}
		}
		for _, key := range r.TransitiveTagKeys {
			inherited[strings.ToLower(key)] = true
		}
		switch {
		case r.SourceIdentity == "":
		case identity != "" && identity != r.SourceIdentity:
			return inChain(i, optionError("SourceIdentity", "%s: the session inherits the source identity %s, which cannot be changed", quote.Text(r.SourceIdentity, 64), quote.Text(identity, 64)))
		default:
			identity = r.SourceIdentity
		}
	}
	return nil
}

// inChain returns an [OptionError] about the role with that index.
func inChain(i int, err error) error {
	e, _ := err.(*OptionError) //nolint:errorlint // made by optionError
	option := e.Option
	if option == "roleARN" {
		option = "RoleARN"
	}
	return &OptionError{Func: e.Func, Option: fmt.Sprintf("Chain[%d].%s", i, option), Err: e.Err}
}

// check checks one role by the rules of AssumeRole.
func (r *NextRole) check(anyDuration bool) error {
	if err := checkRoleARN(r.RoleARN); err != nil {
		return err
	}
	switch {
	case r.SessionName != "" && !arn.IsSessionName(r.SessionName):
		return optionError("SessionName", "%s: %s", quote.Text(r.SessionName, 80), sessionNameForm)
	case r.SourceIdentity != "" && !arn.IsSessionName(r.SourceIdentity):
		return optionError("SourceIdentity", "%s: %s", quote.Text(r.SourceIdentity, 80), sessionNameForm)
	case r.ExternalID != "" && !isExternalID(r.ExternalID):
		return optionError("ExternalID", "%s: want 2 to 1,224 of the characters A-Z a-z 0-9 _ + = , . @ : / -", quote.Text(r.ExternalID, 40))
	}
	if why := sessiontag.Check(r.Tags, nil); why != "" {
		return optionError("Tags", "%s", why)
	}
	if why := sessiontag.Check(r.Tags, r.TransitiveTagKeys); why != "" {
		return optionError("TransitiveTagKeys", "%s", why)
	}
	if err := checkDuration(r.Duration, longestNextSession, anyDuration); err != nil {
		return err
	}
	if err := checkPolicy(r.Policy); err != nil {
		return err
	}
	return checkPolicyARNs(r.PolicyARNs)
}

// isExternalID reports whether STS accepts s as an external ID.
func isExternalID(s string) bool {
	return len(s) >= 2 && len(s) <= 1224 && arn.IsName(strings.NewReplacer(":", "_", "/", "_").Replace(s))
}

// cloneChain returns a copy that shares nothing with roles.
func cloneChain(roles []NextRole) []NextRole {
	out := slices.Clone(roles)
	for i := range out {
		r := &out[i]
		r.RoleARN = strings.Clone(r.RoleARN) // a part of a document would keep all of it in memory
		r.PolicyARNs, r.Tags, r.TransitiveTagKeys = slices.Clone(r.PolicyARNs), maps.Clone(r.Tags), slices.Clone(r.TransitiveTagKeys)
	}
	return out
}

// chainText adds a text that is different for different chains. Policies, external IDs and tags are
// in it as hashes, because they may be long or personal data.
func chainText(add func(isSet bool, format string, value any), roles []NextRole) {
	for i, r := range roles {
		set := func(isSet bool, format string, value any) {
			add(isSet, fmt.Sprintf("Chain[%d].", i)+format, value)
		}
		set(true, "RoleARN=%q", r.RoleARN)
		set(r.SessionName != "", "SessionName=%q", r.SessionName)
		set(r.ExternalID != "", "ExternalID=%s", hashOf(r.ExternalID))
		set(r.Duration != 0, "Duration=%v", r.Duration)
		set(r.Policy != "", "Policy=%s", hashOf(r.Policy))
		set(len(r.PolicyARNs) > 0, "PolicyARNs=%q", r.PolicyARNs)
		set(len(r.Tags) > 0, "Tags=%s", hashOf(fmt.Sprintf("%q", r.Tags))) // in the order of the keys
		set(len(r.TransitiveTagKeys) > 0, "TransitiveTagKeys=%q", r.TransitiveTagKeys)
		set(r.SourceIdentity != "", "SourceIdentity=%q", r.SourceIdentity)
	}
}

// hashOf returns the SHA-256 of an option for [Status].Options.
func hashOf(s string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s))) }
