package dev

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/idp"
)

// iam answers GetRole and GetOpenIDConnectProvider for the role and the provider of the command, as
// onafed doctor and onafed aws explain ask (IAM API Reference).
type iam struct {
	role     iamRole
	provider iamProvider
}

type iamRole struct {
	Path                     string
	RoleName                 string
	RoleID                   string `xml:"RoleId"`
	Arn                      string
	CreateDate               string
	AssumeRolePolicyDocument string // URL-encoded
	MaxSessionDuration       int
}

type iamProvider struct {
	arn          string
	URL          string   `xml:"Url"`
	ClientIDList []string `xml:"ClientIDList>member"`
	CreateDate   string
}

// newIAM returns the IAM of an account with one role and one provider.
func (c *Command) newIAM(arn role.ARN, policy trust.Policy, audience string) (*iam, error) {
	provider, err := trust.ProviderARN(arn.Partition, arn.Account, idp.Issuer)
	if err != nil {
		return nil, err
	}
	_, name, _ := strings.Cut(c.RoleARN, ":role")
	folder, last := path.Split(name)
	created := time.Now().UTC().Format(time.RFC3339)
	return &iam{
		iamRole{
			Path: folder, RoleName: last, RoleID: "AROATESTONAFEDDEV0000", Arn: c.RoleARN, CreateDate: created,
			AssumeRolePolicyDocument: url.PathEscape(policy.String()), MaxSessionDuration: int(c.TTL.Seconds()),
		},
		iamProvider{provider, strings.TrimPrefix(idp.Issuer, "https://"), []string{audience}, created},
	}, nil
}

// ServeHTTP implements http.Handler.
func (m *iam) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch name := r.PostFormValue("RoleName"); r.PostFormValue("Action") {
	case "GetRole":
		if name != m.role.RoleName {
			writeIAMError(w, http.StatusNotFound, "NoSuchEntity", "The role with that name cannot be found.")
			return
		}
		writeIAM(w, http.StatusOK, struct {
			XMLName xml.Name `xml:"https://iam.amazonaws.com/doc/2010-05-08/ GetRoleResponse"`
			Role    iamRole  `xml:"GetRoleResult>Role"`
		}{Role: m.role})
	case "GetOpenIDConnectProvider":
		if r.PostFormValue("OpenIDConnectProviderArn") != m.provider.arn {
			writeIAMError(w, http.StatusNotFound, "NoSuchEntity", "The OpenIDConnect provider with that ARN cannot be found.")
			return
		}
		writeIAM(w, http.StatusOK, struct {
			XMLName  xml.Name    `xml:"https://iam.amazonaws.com/doc/2010-05-08/ GetOpenIDConnectProviderResponse"`
			Provider iamProvider `xml:"GetOpenIDConnectProviderResult"`
		}{Provider: m.provider})
	default:
		writeIAMError(w, http.StatusBadRequest, "InvalidAction", "onafed dev answers only GetRole and GetOpenIDConnectProvider of IAM")
	}
}

func writeIAMError(w http.ResponseWriter, status int, code, message string) {
	writeIAM(w, status, struct {
		XMLName xml.Name `xml:"https://iam.amazonaws.com/doc/2010-05-08/ ErrorResponse"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}{Type: "Sender", Code: code, Message: message})
}

func writeIAM(w http.ResponseWriter, status int, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
