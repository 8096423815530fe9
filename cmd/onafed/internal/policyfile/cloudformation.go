package policyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// The names of the parameter and the condition with which a template has an identity provider, and
// of the provider itself.
const (
	providerParameter = "CreateProvider"
	providerCondition = "ProviderIsCreated"
	providerID        = "Provider"
)

// stack is a CloudFormation template.
type stack struct {
	Version    string                    `json:"AWSTemplateFormatVersion"`
	Parameters map[string]stackParameter `json:"Parameters,omitempty"`
	Conditions map[string]any            `json:"Conditions,omitempty"`
	Resources  map[string]stackResource  `json:"Resources"`
	Outputs    map[string]stackOutput    `json:"Outputs,omitempty"`
}

type stackParameter struct {
	Type          string
	AllowedValues []string
	Default       string
	Description   string
}

type stackResource struct {
	Type       string `json:"Type"`
	Condition  string `json:"Condition,omitempty"`
	Properties any    `json:"Properties"`
}

type stackOutput struct {
	Condition string `json:"Condition,omitempty"`
	Value     map[string]any
}

type roleProperties struct {
	RoleName          string          `json:"RoleName,omitempty"`
	Path              string          `json:"Path,omitempty"`
	Document          json.RawMessage `json:"AssumeRolePolicyDocument"`
	MaxSession        int             `json:"MaxSessionDuration,omitempty"`
	ManagedPolicyArns []string        `json:"ManagedPolicyArns,omitempty"`
	Policies          []inlinePolicy  `json:"Policies,omitempty"`
	Tags              []Tag           `json:"Tags,omitempty"`
}

type inlinePolicy struct {
	PolicyName     string
	PolicyDocument json.RawMessage
}

type providerProperties struct {
	URL            string   `json:"Url"`
	ClientIDList   []string `json:"ClientIdList"`
	ThumbprintList []string `json:"ThumbprintList,omitempty"`
	Tags           []Tag    `json:"Tags,omitempty"`
}

// CloudFormation returns a template with each role. A policy is an object in it, and nothing in its
// strings is substituted, because "${" has a meaning only in Fn::Sub. With a provider, the template
// has it too, unless a parameter says that the account has it already, and outputs with the ARNs.
func CloudFormation(p *Provider, roles []Role) (string, error) {
	s := stack{Version: "2010-09-09", Resources: make(map[string]stackResource)}
	if p != nil {
		if err := checkTags(p.Tags); err != nil {
			return "", err
		}
		s.addProvider(p)
	}
	for _, r := range roles {
		properties, err := r.properties(p)
		if err != nil {
			return "", err
		}
		id := logicalID(r.Name)
		if _, taken := s.Resources[id]; taken {
			return "", fmt.Errorf("two roles have the CloudFormation name %s: rename %+q", id, r.Name)
		}
		s.Resources[id] = stackResource{Type: "AWS::IAM::Role", Properties: properties}
		if p != nil {
			s.Outputs[id+"Arn"] = stackOutput{Value: map[string]any{"Fn::GetAtt": []string{id, "Arn"}}}
		}
	}
	text, err := terminal.JSON(s)
	if err == nil {
		err = checkDynamic(string(text))
	}
	if err != nil {
		return "", err
	}
	return string(text), nil
}

// addProvider adds the provider, with the parameter that turns it off.
func (s *stack) addProvider(p *Provider) {
	s.Parameters = map[string]stackParameter{providerParameter: {
		Type:          "String",
		AllowedValues: []string{"true", "false"},
		Default:       fmt.Sprint(!p.Exists),
		Description:   "false if the account already has the identity provider " + p.URL,
	}}
	s.Conditions = map[string]any{providerCondition: map[string]any{"Fn::Equals": []any{map[string]string{"Ref": providerParameter}, "true"}}}
	s.Resources[providerID] = stackResource{
		Type:       "AWS::IAM::OIDCProvider",
		Condition:  providerCondition,
		Properties: providerProperties{URL: p.URL, ClientIDList: p.Audiences, ThumbprintList: p.Thumbprints, Tags: p.Tags},
	}
	s.Outputs = map[string]stackOutput{providerID + "Arn": {
		Condition: providerCondition,
		Value:     map[string]any{"Ref": providerID},
	}}
}

func (r Role) properties(p *Provider) (roleProperties, error) {
	document, err := r.Policy.MarshalJSON()
	if p != nil {
		document = p.refer(document)
	}
	properties := roleProperties{
		RoleName: r.Name, Path: r.Path, Document: document, MaxSession: r.MaxSession,
		ManagedPolicyArns: r.ManagedPolicies, Tags: r.Tags,
	}
	if r.InlinePolicy != "" {
		properties.Policies = []inlinePolicy{{inlinePolicyName, json.RawMessage(r.InlinePolicy)}}
		if strings.Contains(r.InlinePolicy, `{"Ref":`) || strings.Contains(r.InlinePolicy, `"Fn::`) {
			err = errors.New("the inline policy has a member Ref or Fn::, which CloudFormation replaces: no permission policy needs it")
		}
	}
	return properties, err
}

// checkTags returns an error for a tag without a value, which IAM accepts and CloudFormation refuses.
func checkTags(tags []Tag) error {
	for _, t := range tags {
		if t.Value == "" {
			return fmt.Errorf("the tag %+q has no value, which CloudFormation requires", t.Key)
		}
	}
	return nil
}

// refer returns the policy with a reference to the provider's resource if the template creates it,
// so that CloudFormation creates the provider before the role. DependsOn cannot name a resource with
// a condition. A quote in a string is escaped, so the text that is replaced is a member.
func (p *Provider) refer(policy []byte) []byte {
	const member = `"Federated":`
	arn := plainJSON(p.ARN)
	return bytes.ReplaceAll(policy, []byte(member+arn),
		fmt.Appendf(nil, `%s{"Fn::If":[%q,{"Ref":%q},%s]}`, member, providerCondition, providerID, arn))
}

// checkDynamic returns an error for a template with a dynamic reference. It is replaced in every
// string (CloudFormation User Guide, "Get values stored in other services using dynamic
// references"), and there is no escape for it.
func checkDynamic(template string) error {
	if strings.Contains(strings.ToLower(template), "{{resolve") {
		return errors.New("the template has a value with {{resolve in it, which CloudFormation replaces by a parameter or a secret: remove the value, because no token contains it")
	}
	return nil
}

// logicalID returns the name of a role as a CloudFormation logical ID: letters and digits.
func logicalID(role string) string {
	return "Role" + strings.Map(func(r rune) rune {
		if isLetterOrDigit(r) {
			return r
		}
		return -1
	}, role)
}
