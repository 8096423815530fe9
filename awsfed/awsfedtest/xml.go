package awsfedtest

import (
	"encoding/xml"
	"net/http"
)

// The documents that STS answers with, members in AWS's order. Names and namespace are those of the query protocol's model,
// version 2011-06-15.

type assumedRoleUser struct {
	Arn           string
	AssumedRoleID string `xml:"AssumedRoleId"`
}

// sessionSizes are the members about the length of the session token. PackedPolicySize is deprecated and there only when
// policies or tags are.
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
	UserID  string `xml:"UserId"`
	Account string
}

type callerIdentityResponse struct {
	XMLName xml.Name             `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	Result  callerIdentityResult `xml:"GetCallerIdentityResult"`
	responseMetadata
}

type responseMetadata struct {
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

func (m *responseMetadata) setRequestID(id string) { m.RequestID = id }

// document is the XML document of a response.
type document interface {
	setRequestID(id string)
}

type errorResponse struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId"`
}

func (r *errorResponse) setRequestID(id string) { r.RequestID = id }

// errorDocument is an error in the shape of the query protocol. Type tells whose fault it is.
func errorDocument(e *apiError) *errorResponse {
	var r errorResponse
	r.Error.Type, r.Error.Code, r.Error.Message = "Sender", e.code, e.message
	if e.status >= http.StatusInternalServerError {
		r.Error.Type = "Receiver"
	}
	return &r
}
