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

const (
	namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	xmlType   = "text/xml"
)

// A successResponse is the response of any operation.
type successResponse struct {
	XMLName   xml.Name // the action and "Response"
	Result    any      // a struct with an XMLName
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type errorResponse struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse" json:"-"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId" json:"RequestId"`
}

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
	XMLName                     xml.Name `xml:"AssumeRoleWithWebIdentityResult"`
	SubjectFromWebIdentityToken string
	Audience                    string
	AssumedRoleUser             assumedRoleUser
	Credentials                 credentials
	SourceIdentity              string `xml:",omitempty"`
	Provider                    string
	sessionSizes
}

type assumeRoleResult struct {
	XMLName         xml.Name `xml:"AssumeRoleResult"`
	AssumedRoleUser assumedRoleUser
	Credentials     credentials
	SourceIdentity  string `xml:",omitempty"`
	sessionSizes
}

type callerIdentityResult struct {
	XMLName xml.Name `xml:"GetCallerIdentityResult" json:"-"`
	Arn     string
	UserID  string `xml:"UserId" json:"UserId"`
	Account string
}

// successDocument returns the response with a result. STS sends the result of GetCallerIdentity as
// JSON, too; inJSON is nil for other results.
func successDocument(action string, result any, requestID string) (inXML, inJSON any) {
	if identity, ok := result.(callerIdentityResult); ok {
		inJSON = map[string]any{"GetCallerIdentityResponse": map[string]any{
			"GetCallerIdentityResult": identity,
			"ResponseMetadata":        map[string]string{"RequestId": requestID},
		}}
	}
	return successResponse{xml.Name{Space: namespace, Local: action + "Response"}, result, requestID}, inJSON
}

// errorDocument returns the response with an error, for XML and JSON.
func errorDocument(e *apiError, requestID string) errorResponse {
	r := errorResponse{RequestID: requestID}
	r.Error.Type, r.Error.Code, r.Error.Message = "Sender", e.code, e.message
	if e.status >= http.StatusInternalServerError {
		r.Error.Type = "Receiver"
	}
	return r
}

// writeDocument writes a response as XML, or as JSON if there is one and the request asks for it, as
// the verifiers of EKS tokens do.
func writeDocument(resp *fakehttp.Response, inXML, inJSON any, header http.Header) (err error) {
	if inJSON != nil && strings.HasPrefix(header.Get("Accept"), "application/json") {
		resp.Fields.Set("Content-Type", "application/json")
		resp.Body, err = json.Marshal(inJSON)
		return err
	}
	body, err := xml.MarshalIndent(inXML, "", "  ")
	resp.Body = append(body, '\n')
	return err
}
