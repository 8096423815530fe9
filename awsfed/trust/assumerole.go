package trust

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// RoleSession is the session of a role that assumes the next role of a chain.
type RoleSession struct {
	// RoleARN is the role, with its path. If the path is not known, it may be the ARN of the session
	// (arn:aws:sts::<account>:assumed-role/<name>/<session>).
	RoleARN string
	// Name is the name of the session. If it is empty, the name in RoleARN is used. If RoleARN has
	// no name either, the name is not known.
	Name string
	// Tags are the session tags. The tags of the role itself are not known.
	Tags map[string]string
	// TransitiveTagKeys are the keys of Tags that the next session inherits.
	TransitiveTagKeys []string
	// SourceIdentity is the source identity of the session, which the next one inherits.
	SourceIdentity string
}

// AssumeRoleParams are the parts of an AssumeRole call. An empty field means that the value is not
// known. If the policy depends on it, the outcome is [Undetermined]. There are four exceptions: if
// ExternalID, SourceIdentity, Tags or TransitiveTagKeys is empty, the call does not have it.
type AssumeRoleParams struct {
	// RoleARN is the requested role.
	RoleARN string
	// SessionName is the role session name of the call.
	SessionName string
	// ExternalID is the external ID of the call.
	ExternalID string
	// SourceIdentity is the source identity of the call.
	SourceIdentity string
	// Tags are the session tags of the call.
	Tags map[string]string
	// TransitiveTagKeys are the keys of Tags that are transitive.
	TransitiveTagKeys []string
	// SourceIP is the address of the caller as AWS sees it.
	SourceIP netip.Addr
	// Time is the time of the call. Zero means not known.
	Time time.Time
	// Region is the region of the STS endpoint, for aws:RequestedRegion.
	Region string
	// Context holds more condition keys. They replace the keys from other fields. A key with an
	// empty list of values is missing from the request.
	Context map[string][]string
	// ShowValues makes explanations show all values of the request, including personal data.
	ShowValues bool
}

// NewAssumeRoleRequest returns the request that STS evaluates when the session of a role calls
// AssumeRole for the next role of a chain. The trust policy of that next role decides the request.
// The AWS principals of the policy are compared with the role, the session and the account of the
// caller.
//
// AWS does not document whether inherited tags and an inherited source identity are also in the
// keys of the request (aws:RequestTag, aws:TagKeys, sts:TransitiveTagKeys, sts:SourceIdentity), so
// these keys are unknown if the session has such tags or a source identity. The tags of the
// caller's role, its organization, and the identity provider of its session are always unknown.
//
// The permission policies of the caller are not part of the request.
func NewAssumeRoleRequest(caller RoleSession, p AssumeRoleParams) Request {
	c := newCaller(caller)
	r := Request{
		Action: condition.AssumeRole, RoleARN: p.RoleARN, Context: map[string][]string{}, ShowValues: p.ShowValues,
		open: true, caller: c, Refused: c.refusal(p),
	}
	r.set("aws:PrincipalIsAWSService", "false")
	r.set("aws:PrincipalType", "AssumedRole")
	r.setText("aws:PrincipalAccount", c.account)
	r.setText("aws:PrincipalArn", c.roleARN) // of the role, not of the session
	r.setText("aws:SourceIdentity", caller.SourceIdentity)
	for key, value := range caller.Tags {
		r.set("aws:PrincipalTag/"+key, value)
	}
	r.setText("sts:ExternalId", p.ExternalID)
	r.setText("sts:SourceIdentity", p.SourceIdentity)
	for key, value := range p.Tags {
		r.set("aws:RequestTag/"+key, value)
	}
	if len(caller.TransitiveTagKeys) == 0 {
		r.set("aws:TagKeys", slices.Sorted(maps.Keys(p.Tags))...)
		r.set("sts:TransitiveTagKeys", p.TransitiveTagKeys...)
	}
	r.addParams(Params{SessionName: p.SessionName, SourceIP: p.SourceIP, Time: p.Time, Region: p.Region, Context: p.Context})
	// Inherited tags and an inherited source identity also require these actions ("Pass session
	// tags in AWS STS" and "Monitor and control actions taken with assumed roles", IAM User Guide).
	if len(p.Tags) > 0 || len(caller.TransitiveTagKeys) > 0 {
		r.AlsoNeeded = append(r.AlsoNeeded, condition.TagSession)
	}
	if p.SourceIdentity != "" || caller.SourceIdentity != "" {
		r.AlsoNeeded = append(r.AlsoNeeded, condition.SetSourceIdentity)
	}
	return r
}

// A caller is a role session that calls AssumeRole, with the parts of its ARN. The parts are empty
// if the ARN is neither that of a role nor that of a session.
type caller struct {
	session            RoleSession
	partition, account string
	roleARN            string // empty if the path of the role is not known
	roleName           string
	sessionName        string // empty if not known
}

func newCaller(s RoleSession) *caller {
	c := &caller{session: s, sessionName: s.Name}
	a, ok := arn.Parse(s.RoleARN)
	if !ok || a.Region != "" {
		return c
	}
	if _, name, isRole := a.Role(); isRole {
		c.roleARN, c.roleName = s.RoleARN, name
	} else if role, session, isSession := splitSession(a); isSession && (s.Name == "" || s.Name == session) {
		c.roleName, c.sessionName = role, session
	} else {
		return c
	}
	c.partition, c.account = a.Partition, a.Account
	return c
}

// splitSession returns the names of the role and of the session in the ARN of a session.
func splitSession(a arn.ARN) (role, session string, ok bool) {
	rest, ok := strings.CutPrefix(a.Resource, "assumed-role/")
	role, session, hasSession := strings.Cut(rest, "/")
	return role, session, ok && hasSession && a.Service == "sts" && role != "" && session != ""
}

// refusal returns the reason why STS rejects the call before it evaluates the trust policy, or "".
func (c *caller) refusal(p AssumeRoleParams) string {
	if c.roleName == "" {
		return "the ARN of the caller is not that of a role or of its session"
	}
	if role, ok := arn.Parse(p.RoleARN); ok && role.Partition != c.partition {
		return "the caller is in partition " + quote.Name(c.partition) + ", the role in " + quote.Name(role.Partition)
	}
	if own := c.session.SourceIdentity; own != "" && p.SourceIdentity != "" && p.SourceIdentity != own {
		return "the source identity of a session cannot be changed (AccessDenied)"
	}
	for key := range p.Tags {
		if c.inherits(key) {
			return "the session tag " + quote.Name(key) + " has the key of an inherited tag"
		}
	}
	return ""
}

// inherits reports whether the next session inherits a tag with the key. Letter case is ignored, as
// in all keys of tags.
func (c *caller) inherits(key string) bool {
	return slices.ContainsFunc(c.session.TransitiveTagKeys, func(k string) bool { return strings.EqualFold(k, key) })
}

// mayHaveKey reports whether AWS may add a condition key, in lower case, to the request of the
// caller, although its parameters do not have it.
func (c *caller) mayHaveKey(key string) bool {
	if tag, ok := strings.CutPrefix(key, "aws:requesttag/"); ok {
		return c.inherits(tag)
	}
	switch key {
	case "aws:tagkeys", "sts:transitivetagkeys":
		return len(c.session.TransitiveTagKeys) > 0
	case "sts:sourceidentity":
		return c.session.SourceIdentity != ""
	case "sts:externalid", "aws:sourceidentity":
		return false // from the parameters
	case "sts:roleauthorizedbyidp", "sts:durationseconds", "sts:awsservicename":
		return false // only in other calls
	case "aws:username", "aws:principalservicename", "aws:principalservicenameslist", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
		"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths":
		return false // only in requests of other callers
	}
	prefix, name, _ := strings.Cut(key, ":")
	switch {
	case strings.HasPrefix(key, "sts:requestcontext"):
		return false
	case prefix == "aws", prefix == "sts", prefix == "saml", strings.HasPrefix(key, "iam:resourcetag/"):
		return true
	default:
		// Keys of identity providers that stay in a session ("Available keys for AWS OIDC
		// federation", IAM User Guide). AWS does not document whether a trust policy sees them.
		name = name[strings.LastIndexByte(name, ':')+1:]
		return strings.Contains(prefix, ".") && (name == "sub" || name == "aud" || name == "amr")
	}
}

// kind returns what STS evaluates, for messages.
func (r Request) kind() string {
	if r.caller != nil {
		return "call"
	}
	return "token"
}

// callerARN returns the caller as an explanation may show it, or "" for a web identity. The name of
// a session may be personal data.
func (r Request) callerARN() string {
	if r.caller == nil || r.caller.roleName == "" {
		return ""
	}
	c := r.caller
	if c.roleARN != "" {
		return c.roleARN
	}
	return "arn:" + c.partition + ":sts::" + c.account + ":assumed-role/" + c.roleName + "/" + r.shown("sts:rolesessionname", c.sessionName)
}
