#include "tools/polkuctl/service_map.h"

#include <nlohmann/json.hpp>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using Object = nlohmann::ordered_json;
using polku::coordinator_network::v1::ServiceCapacity;
using polku::coordinator_network::v1::ServiceEntry;

std::string DayText(const google::type::Date& date) { return FormatDay(pipeline::FromProto(date)); }

Object TextsOf(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  Object list = Object::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

Object SegmentsOf(const ServiceEntry& service) {
  Object list = Object::array();
  for (int i = 0; i < service.segments_size(); ++i) {
    const auto* value = polku::common::v1::Segment_descriptor()->FindValueByNumber(service.segments(i));
    if (value != nullptr) list.push_back(EnumText(*value));
  }
  return list;
}

Object CapacityOf(const ServiceCapacity& capacity) {
  Object told = {{"places", capacity.places()},
                 {"accepting", capacity.accepting()},
                 {"waiting", capacity.waiting()},
                 {"in_service", capacity.in_service()},
                 {"wait_weeks", capacity.wait_weeks()}};
  if (!capacity.text().empty()) told["text"] = capacity.text();
  if (capacity.has_count_date()) told["count_date"] = DayText(capacity.count_date());
  return told;
}

Object FeatureOf(const ServiceEntry& service) {
  Object feature = {{"type", "Feature"}, {"id", service.name()}, {"geometry", nullptr}};
  if (service.has_site()) {
    const google::type::LatLng& location = service.site().location();
    feature["geometry"] = {{"type", "Point"},
                           {"coordinates", Object::array({location.longitude(), location.latitude()})}};
  }
  Object properties = {
      {"title", {{"fi", service.title().fi()}, {"sv", service.title().sv()}, {"en", service.title().en()}}},
      {"needs", TextsOf(service.needs())},
      {"segments", SegmentsOf(service)},
      {"municipalities", TextsOf(service.municipalities())},
      {"without_referral", service.without_referral()},
      {"measure_types", TextsOf(service.measure_types())}};
  if (service.has_site()) properties["address"] = service.site().address();
  if (service.has_valid_from()) properties["valid_from"] = DayText(service.valid_from());
  if (service.has_valid_to()) properties["valid_to"] = DayText(service.valid_to());
  if (!service.contact_url().empty()) properties["contact_url"] = service.contact_url();
  if (service.has_capacity()) properties["capacity"] = CapacityOf(service.capacity());
  feature["properties"] = std::move(properties);
  return feature;
}

}  // namespace

std::string GeoJsonOf(const std::vector<ServiceEntry>& services) {
  Object features = Object::array();
  for (const ServiceEntry& service : services) features.push_back(FeatureOf(service));
  return Object{{"type", "FeatureCollection"}, {"features", std::move(features)}}.dump();
}

}  // namespace polku::polkuctl
