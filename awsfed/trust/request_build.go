package trust

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
)

type requestBuilder struct {
	claims claims.Claims
	params Params
	raw    map[string]json.RawMessage // the token's members
	r      Request
}

func (b *requestBuilder) note(s string) { b.r.notes = append(b.r.notes, s) }

func (b *requestBuilder) set(key string, values ...string) {
	if len(values) > 0 {
		b.r.Context[strings.ToLower(key)] = values
	}
}

// issuerKeys sets the keys that AWS makes from claims.
func (b *requestBuilder) issuerKeys() {
	prefix := issuerHost(b.claims.Issuer) + ":"
	for _, name := range IssuerKeys(b.claims.Issuer) {
		switch name {
		case "aud":
			if b.claims.AuthorizedParty != "" {
				b.set(prefix+name, b.claims.AuthorizedParty)
			} else {
				b.set(prefix+name, b.claims.Audience...)
			}
		case "oaud":
			b.set(prefix+name, b.claims.Audience...)
		case "sub":
			if b.claims.Subject != "" {
				b.set(prefix+name, b.claims.Subject)
			}
		case "email":
			if values := texts(b.raw[name]); len(values) > 0 {
				b.set(prefix+name, values...)
			} else if b.claims.Email != "" {
				b.set(prefix+name, b.claims.Email)
			}
		default:
			b.set(prefix+name, texts(b.raw[name])...)
		}
	}
	if len(b.claims.Audience) == 0 && b.claims.AuthorizedParty == "" {
		b.r.Refused = "the token has no audience (InvalidIdentityToken)"
	}
	if len(b.claims.Audience) > 1 && b.claims.AuthorizedParty == "" {
		b.note("the token has several audiences and no azp: what STS does with such a token of this issuer is not documented")
	}
	if b.claims.Subject == "" {
		b.note("the token has no sub: AWS treats it as required, how it refuses is not documented")
	}
	if len(b.claims.Subject) > 255 {
		b.note("the subject is longer than the 255 characters of STS's answer: whether STS refuses it is not documented")
	}
}

// The claims that AWS reads for itself, whoever the issuer is.
const (
	claimRoles          = "https://aws.amazon.com/roles"
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// roles reads the list of roles that the token may be used for.
func (b *requestBuilder) roles() {
	raw, ok := b.raw[claimRoles]
	if !ok {
		b.set("sts:RoleAuthorizedByIdp", "false")
		return
	}
	listed := texts(raw)
	if len(listed) == 1 {
		listed = strings.Split(listed[0], ";")
	}
	switch {
	case slices.Contains(listed, b.params.RoleARN) && b.params.RoleARN != "":
		b.set("sts:RoleAuthorizedByIdp", "true")
	case b.params.RoleARN == "":
		b.note("the token lists the roles it may be used for, and the role is not known here")
	default:
		b.set("sts:RoleAuthorizedByIdp", "false")
		b.r.Refused = "the token lists the roles it may be used for in " + claimRoles + " and this role is not one of them (InvalidIdentityToken)"
	}
}

// tags reads session tags, in the nested and in the flat form, and the source
// identity.
func (b *requestBuilder) tags() {
	tags := map[string][]string{}
	nested := members(b.raw[claimTags])
	for k, v := range members(nested["principal_tags"]) {
		tags[k] = texts(v)
	}
	transitive := texts(nested["transitive_tag_keys"])
	for member, v := range b.raw {
		if k, ok := strings.CutPrefix(member, claimTags+"/principal_tags/"); ok {
			tags[k] = texts(v)
		}
	}
	transitive = append(transitive, texts(b.raw[claimTags+"/transitive_tag_keys"])...)
	for k, v := range b.params.Tags {
		tags[k] = []string{v}
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if len(tags[k]) != 1 {
			b.note("the session tag " + quoteName(k) + " has not exactly one value, which STS does not accept")
		}
		b.set("aws:RequestTag/"+k, tags[k]...)
	}
	b.set("aws:TagKeys", slices.Sorted(maps.Keys(tags))...)
	b.set("sts:TransitiveTagKeys", transitive...)
	if len(tags) > 0 {
		b.r.AlsoNeeded = append(b.r.AlsoNeeded, actionTagSession)
	}
	if id := texts(b.raw[claimSourceIdentity]); len(id) > 0 {
		b.set("sts:SourceIdentity", id...)
		b.r.AlsoNeeded = append(b.r.AlsoNeeded, actionSetSourceIdentity)
	}
}

// call sets the keys that come from the call itself.
func (b *requestBuilder) call() {
	b.set("aws:SecureTransport", "true") // STS answers https only
	b.set("aws:ViaAWSService", "false")
	if b.params.SessionName != "" {
		b.set("sts:RoleSessionName", b.params.SessionName)
	}
	if b.params.SourceIP.IsValid() {
		b.set("aws:SourceIp", b.params.SourceIP.String())
	}
	if t := b.params.Time; !t.IsZero() {
		b.set("aws:CurrentTime", t.UTC().Format(time.RFC3339))
		b.set("aws:EpochTime", strconv.FormatInt(t.Unix(), 10))
	}
	if b.params.Region != "" {
		b.set("aws:RequestedRegion", b.params.Region)
	}
}

// members reads a JSON object; anything else has none.
func members(raw []byte) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// texts is a JSON value as the texts of a condition key: a string, a number or
// a boolean is one, an array of those several, everything else none.
func texts(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var values []string
		for _, item := range list {
			if one, ok := scalarText(item); ok {
				values = append(values, one)
			}
		}
		return values
	}
	if one, ok := scalarText(raw); ok {
		return []string{one}
	}
	return nil
}

func scalarText(raw json.RawMessage) (string, bool) {
	switch c := raw[0]; {
	case c == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case c == '-', '0' <= c && c <= '9', c == 't', c == 'f':
		return string(raw), true
	default:
		return "", false
	}
}
