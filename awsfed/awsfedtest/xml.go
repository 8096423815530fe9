package awsfedtest

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/onafed/onafed/internal/fakehttp"
)

// The XML documents of the responses. Their names, their namespace and their order are those of the
// STS API, version 2011-06-15.

type assumedRoleUser struct {
	Arn           string
	AssumedRoleID string `xml:"AssumedRoleId"`
}

// sessionSizes are the members about the length of the session token. PackedPolicySize is
// deprecated and only present if there are policies or tags.
type sessionSizes struct {
	PackedPolicySize        int `xml:",omitempty"`
	SessionTokenSize        int
	SessionTokenUtilization int
}

type webIdentityResult struct {
	SubjectFromWebIdentityToken string
	Audience                    string
	AssumedRoleUser             assumedRoleUser
	Credentials                 *credentials
	SourceIdentity              string `xml:",omitempty"`
	Provider                    string
	sessionSizes
}

type webIdentityResponse struct {
	XMLName xml.Name          `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
	Result  webIdentityResult `xml:"AssumeRoleWithWebIdentityResult"`
	responseMetadata
}

type assumeRoleResult struct {
	AssumedRoleUser assumedRoleUser
	Credentials     *credentials
	SourceIdentity  string `xml:",omitempty"`
	sessionSizes
}

type assumeRoleResponse struct {
	XMLName xml.Name         `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
	Result  assumeRoleResult `xml:"AssumeRoleResult"`
	responseMetadata
}

type callerIdentityResult struct {
	Arn     string
	UserID  string `xml:"UserId" json:"UserId"`
	Account string
}

type callerIdentityResponse struct {
	XMLName xml.Name             `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	Result  callerIdentityResult `xml:"GetCallerIdentityResult"`
	responseMetadata
}

// inJSON implements jsonDocument.
func (r *callerIdentityResponse) inJSON() any {
	return map[string]any{"GetCallerIdentityResponse": map[string]any{
		"GetCallerIdentityResult": r.Result,
		"ResponseMetadata":        map[string]string{"RequestId": r.RequestID},
	}}
}

type responseMetadata struct {
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

func (m *responseMetadata) setRequestID(id string) { m.RequestID = id }

// document is the XML document of a response.
type document interface {
	setRequestID(id string)
}

// jsonDocument is a document that STS also sends as JSON, if the request asks for it as the
// verifiers of EKS tokens do: the result of GetCallerIdentity, and errors.
type jsonDocument interface {
	inJSON() any
}

const xmlType = "text/xml"

// writeDocument writes a document in the format that the request accepts.
func writeDocument(resp *fakehttp.Response, doc document, header http.Header) (err error) {
	if j, ok := doc.(jsonDocument); ok && strings.HasPrefix(header.Get("Accept"), "application/json") {
		resp.Fields.Set("Content-Type", "application/json")
		resp.Body, err = json.Marshal(j.inJSON())
		return err
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	resp.Body = append(body, '\n')
	return err
}

type errorResponse struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse" json:"-"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId" json:"RequestId"`
}

// inJSON implements jsonDocument.
func (r *errorResponse) inJSON() any { return r }

func (r *errorResponse) setRequestID(id string) { r.RequestID = id }

// errorDocument returns the XML document of an error.
func errorDocument(e *apiError) *errorResponse {
	var r errorResponse
	r.Error.Type, r.Error.Code, r.Error.Message = "Sender", e.code, e.message
	if e.status >= http.StatusInternalServerError {
		r.Error.Type = "Receiver"
	}
	return &r
}
