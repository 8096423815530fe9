package awsfedtest

import (
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

// ec2Version is the version of the EC2 API.
const ec2Version = "2016-11-15"

// EC2 returns a handler for [STS.Handle] that responds to DescribeInstances of Amazon EC2 with the
// given instances, which are running. A request may select instances by ID. Other operations and
// other parameters are refused.
func EC2(instanceIDs ...string) http.Handler {
	instances := slices.Clone(instanceIDs)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list, refused := selectInstances(instances, r)
		if refused != nil {
			refused.writeTo(w, "ec2", r.Header)
			return
		}
		writeXML(w, http.StatusOK, "text/xml;charset=UTF-8", list)
	})
}

// describeInstances is the result of DescribeInstances: one reservation for each instance.
type describeInstances struct {
	XMLName      xml.Name      `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeInstancesResponse"`
	RequestID    string        `xml:"requestId"`
	Reservations []reservation `xml:"reservationSet>item"`
}

type reservation struct {
	ID        string     `xml:"reservationId"`
	OwnerID   string     `xml:"ownerId"`
	Instances []instance `xml:"instancesSet>item"`
}

type instance struct {
	ID    string `xml:"instanceId"`
	State struct {
		Code int    `xml:"code"`
		Name string `xml:"name"`
	} `xml:"instanceState"`
	Type string `xml:"instanceType"`
}

// selectInstances returns the instances that a request selects.
func selectInstances(instances []string, r *http.Request) (*describeInstances, *apiError) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, refuse("InternalFailure", err.Error())
	}
	f, err := parseForm(string(body))
	if err != nil {
		return nil, refuse("MalformedQueryString", err.Error())
	}
	if f["Action"] != "DescribeInstances" || f["Version"] != ec2Version {
		return nil, refuse("InvalidAction", "awsfedtest: the handler of EC2 supports only DescribeInstances of version "+ec2Version)
	}
	var chosen []string
	for name, value := range f {
		switch {
		case name == "Action", name == "Version":
		case !strings.HasPrefix(name, "InstanceId."):
			return nil, refuse("InvalidParameter", "awsfedtest: the handler of EC2 supports only the parameter InstanceId of DescribeInstances")
		case !slices.Contains(instances, value):
			return nil, refuse("InvalidInstanceID.NotFound", "The instance ID '"+quote.Clean(value, 64)+"' does not exist")
		default:
			chosen = append(chosen, value)
		}
	}
	caller, _ := CallerFrom(r.Context())
	list := &describeInstances{RequestID: requestID}
	for _, id := range instances {
		if chosen != nil && !slices.Contains(chosen, id) {
			continue
		}
		n := instance{ID: id, Type: "t3.micro"}
		n.State.Code, n.State.Name = 16, "running" // the code of the API for running
		list.Reservations = append(list.Reservations, reservation{ID: "r-" + strconv.Itoa(len(list.Reservations)+1), OwnerID: caller.Account, Instances: []instance{n}})
	}
	return list, nil
}
