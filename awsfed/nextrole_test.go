package awsfed_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed"
)

// chainOption is what a table of options changes in the second role of a chain.
type chainOption = func(*awsfed.NextRole)

func TestNextRole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set    chainOption
		option string // "" if the options are accepted
		reason string
	}{
		"only a role":                 {set: func(*awsfed.NextRole) {}},
		"no role":                     {func(r *awsfed.NextRole) { r.RoleARN = "" }, "RoleARN", "is empty"},
		"not a role":                  {func(r *awsfed.NextRole) { r.RoleARN = "arn:aws:iam::123456789012:user/x" }, "RoleARN", "is not the ARN of a role"},
		"another partition":           {func(r *awsfed.NextRole) { r.RoleARN = "arn:aws-cn:iam::123456789012:role/x" }, "RoleARN", `partition "aws-cn"`},
		"a session name":              {set: func(r *awsfed.NextRole) { r.SessionName = "ab" }},
		"a session name of 1":         {func(r *awsfed.NextRole) { r.SessionName = "a" }, "SessionName", "want 2 to 64"},
		"a source identity of 64":     {set: func(r *awsfed.NextRole) { r.SourceIdentity = strings.Repeat("a", 64) }},
		"a source identity of 65":     {func(r *awsfed.NextRole) { r.SourceIdentity = strings.Repeat("a", 65) }, "SourceIdentity", "want 2 to 64"},
		"an external ID":              {set: func(r *awsfed.NextRole) { r.ExternalID = strings.Repeat("a:/=+,.@-_", 122) + "abcd" }},
		"an external ID of 1":         {func(r *awsfed.NextRole) { r.ExternalID = "a" }, "ExternalID", "want 2 to 1,224"},
		"an external ID of 1225":      {func(r *awsfed.NextRole) { r.ExternalID = strings.Repeat("a", 1225) }, "ExternalID", "want 2 to 1,224"},
		"an external ID with a space": {func(r *awsfed.NextRole) { r.ExternalID = "a b" }, "ExternalID", "want 2 to 1,224"},
		"an hour":                     {set: func(r *awsfed.NextRole) { r.Duration = time.Hour }},
		"a second above an hour":      {func(r *awsfed.NextRole) { r.Duration = time.Hour + time.Second }, "Duration", "1 hour in a chain"},
		"a second below 15 minutes":   {func(r *awsfed.NextRole) { r.Duration = 15*time.Minute - time.Second }, "Duration", "15 minutes"},
		"a part of a second":          {func(r *awsfed.NextRole) { r.Duration = time.Hour - time.Millisecond }, "Duration", "whole seconds"},
		"a policy that is not JSON":   {func(r *awsfed.NextRole) { r.Policy = "x" }, "Policy", "not a JSON object"},
		"a policy ARN of a role":      {func(r *awsfed.NextRole) { r.PolicyARNs = []string{roleARN} }, "PolicyARNs", "is not the ARN of a policy"},
		"tags": {set: func(r *awsfed.NextRole) {
			r.Tags, r.TransitiveTagKeys = map[string]string{"Team": ""}, []string{"team"}
		}},
		"a tag key in two cases":       {func(r *awsfed.NextRole) { r.Tags = map[string]string{"Team": "a", "team": "b"} }, "Tags", "letter case"},
		"a transitive key without tag": {func(r *awsfed.NextRole) { r.TransitiveTagKeys = []string{"team"} }, "TransitiveTagKeys", `transitive tag key "team"`},
		"an inherited tag":             {func(r *awsfed.NextRole) { r.Tags = map[string]string{"INHERITED": ""} }, "Tags", "cannot be set again"},
		"the inherited identity":       {set: func(r *awsfed.NextRole) { r.SourceIdentity = "alice" }},
		"another source identity":      {func(r *awsfed.NextRole) { r.SourceIdentity = "bob" }, "SourceIdentity", "cannot be changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := func(o *awsfed.Options) {
				o.Chain = []awsfed.NextRole{
					{RoleARN: middleRole, Tags: map[string]string{"inherited": "x"}, TransitiveTagKeys: []string{"inherited"}},
					{RoleARN: lastRole},
				}
				if strings.HasSuffix(name, "identity") {
					o.Chain[0].SourceIdentity = "alice"
				}
				tt.set(&o.Chain[1])
			}
			_, err := awsfed.New(newChainService(), roleARN, &mintery{tb: t}, set)
			if tt.option == "" {
				if err != nil {
					t.Errorf("New = %v, want no error", err)
				}
				return
			}
			e, ok := errors.AsType[*awsfed.OptionError](err)
			if !ok || e.Func != "New" || e.Option != "Chain[1]."+tt.option || !strings.Contains(err.Error(), tt.reason) || len(err.Error()) > 300 {
				t.Errorf("New = %v, want an OptionError for Chain[1].%s with %q", err, tt.option, tt.reason)
			}
		})
	}
}

// AnyDuration also lifts the limits of the next roles. The account of the last role is the expected
// one, and a role may be in the chain twice, which AWS allows.
func TestChainOptions(t *testing.T) {
	t.Parallel()
	src := &mintery{tb: t}
	for name, tt := range map[string]struct {
		set    func(*awsfed.Options)
		option string // "" if the options are accepted
	}{
		"any duration": {func(o *awsfed.Options) {
			o.AnyDuration, o.Chain = true, []awsfed.NextRole{{RoleARN: lastRole, Duration: 12 * time.Hour}}
		}, ""},
		"the account of the last role":  {func(o *awsfed.Options) { three(o); o.ExpectedAccount = lastAccount }, ""},
		"the account of the first role": {func(o *awsfed.Options) { three(o); o.ExpectedAccount = account }, "ExpectedAccount"},
		"a role twice":                  {func(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: roleARN}, {RoleARN: roleARN}} }, ""},
		"10 roles":                      {func(o *awsfed.Options) { o.Chain = rolesOf(10) }, ""},
		"11 roles":                      {func(o *awsfed.Options) { o.Chain = rolesOf(11) }, "Chain"},
	} {
		_, err := awsfed.New(newChainService(), roleARN, src, tt.set)
		_, poolErr := awsfed.NewPool(newChainService(), src).Provider(roleARN, tt.set)
		_, loadErr := awsfed.LoadConfig(t.Context(), roleARN, src, func(o *awsfed.LoadOptions) {
			tt.set(&o.Options)
			o.Config.Region = "eu-central-1"
			o.Config.SharedConfigFiles, o.Config.SharedCredentialsFiles = []string{}, []string{}
		})
		for fn, err := range map[string]error{"New": err, "Pool.Provider": poolErr, "LoadConfig": loadErr} {
			if tt.option == "" {
				if err != nil {
					t.Errorf("%s: %s = %v, want no error", name, fn, err)
				}
			} else if e, ok := errors.AsType[*awsfed.OptionError](err); !ok || e.Func != fn || e.Option != tt.option {
				t.Errorf("%s: %s = %v, want an OptionError for %s", name, fn, err, tt.option)
			}
		}
	}
	_, err := awsfed.New(newService(), roleARN, src, two)
	if e, ok := errors.AsType[*awsfed.OptionError](err); !ok || e.Option != "client" || !strings.Contains(err.Error(), "AssumeRole") {
		t.Errorf("New with a client without AssumeRole = %v, want an OptionError about it", err)
	}
}

func rolesOf(n int) []awsfed.NextRole {
	var roles []awsfed.NextRole
	for i := range n {
		roles = append(roles, awsfed.NextRole{RoleARN: role(i)})
	}
	return roles
}

// Options are copied, so that a later change of the caller has no effect.
func TestChainIsCopied(t *testing.T) {
	t.Parallel()
	s := newChainService()
	chain := []awsfed.NextRole{{RoleARN: lastRole, Tags: map[string]string{"a": "b"}, PolicyARNs: []string{"arn:aws:iam::aws:policy/A"}}}
	p, _ := newChain(t, s, func(o *awsfed.Options) { o.Chain = chain })
	chain[0].Tags["c"], chain[0].PolicyARNs[0], chain[0].RoleARN = "d", "x", middleRole
	if _, err := p.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if in := s.next[0]; *in.RoleArn != lastRole || len(in.Tags) != 1 || *in.PolicyArns[0].Arn != "arn:aws:iam::aws:policy/A" {
		t.Errorf("the request has the changes of the caller: %+v", in)
	}
}

// Status.Options shows a chain. External IDs, policies and tags are hashes.
func TestChainInStatus(t *testing.T) {
	t.Parallel()
	p, _ := newChain(t, newChainService(), func(o *awsfed.Options) {
		o.SessionName = "ci"
		o.Chain = []awsfed.NextRole{
			{RoleARN: middleRole, ExternalID: "id", Policy: "{}", Tags: map[string]string{"b": "2", "a": "1"}, TransitiveTagKeys: []string{"a"}},
			{RoleARN: lastRole, SessionName: "x1", Duration: time.Hour, PolicyARNs: []string{"arn:aws:iam::aws:policy/A"}, SourceIdentity: "alice"},
		}
	})
	const want = `SessionName="ci" Chain[0].RoleARN="` + middleRole + `"` +
		` Chain[0].ExternalID=sha256:a56145270ce6b3bebd1dd012b73948677dd618d496488bc608a3cb43ce3547dd` +
		` Chain[0].Policy=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a` +
		` Chain[0].Tags=sha256:%s Chain[0].TransitiveTagKeys=["a"]` +
		` Chain[1].RoleARN="` + lastRole + `" Chain[1].SessionName="x1" Chain[1].Duration=1h0m0s Chain[1].PolicyARNs=["arn:aws:iam::aws:policy/A"] Chain[1].SourceIdentity="alice"`
	const tags = "3c8c09f6ad4c8219852671d9e9af74045b047bba91c25f3f5499b5b1197c0e6b"
	st := p.Status()
	if st.RoleARN != lastRole || st.FirstRoleARN != roleARN {
		t.Errorf("Status has the roles %q and %q, want the last and the first one", st.RoleARN, st.FirstRoleARN)
	}
	if want := fmt.Sprintf(want, tags); st.Options != want {
		t.Errorf("Options =\n%s, want\n%s", st.Options, want)
	}
}
