#include <pthread.h>

#include "base/library.h"
#include "format/xml.h"

struct hn_xml hn_xml;

static bool loaded;

static void load(void)
{
    struct hn_xml x;
    const struct hn_library_function functions[] = {
        {"xmlDocGetRootElement", &x.doc_get_root_element},
        {"xmlFreeDoc", &x.free_doc},
        {"xmlFreeTextReader", &x.free_text_reader},
        {"xmlGetLineNo", &x.get_line_no},
        {"xmlGetNoNsProp", &x.get_no_ns_prop},
        {"xmlNodeGetContent", &x.node_get_content},
        {"xmlReadMemory", &x.read_memory},
        {"xmlReaderForIO", &x.reader_for_io},
        {"xmlReaderForMemory", &x.reader_for_memory},
        {"xmlStrcmp", &x.strcmp},
        {"xmlTextReaderByteConsumed", &x.byte_consumed},
        {"xmlTextReaderConstLocalName", &x.const_local_name},
        {"xmlTextReaderConstNamespaceUri", &x.const_namespace_uri},
        {"xmlTextReaderConstValue", &x.const_value},
        {"xmlTextReaderCurrentNode", &x.current_node},
        {"xmlTextReaderDepth", &x.depth},
        {"xmlTextReaderExpand", &x.expand},
        {"xmlTextReaderGetAttribute", &x.get_attribute},
        {"xmlTextReaderGetAttributeNs", &x.get_attribute_ns},
        {"xmlTextReaderGetParserLineNumber", &x.get_parser_line_number},
        {"xmlTextReaderIsEmptyElement", &x.is_empty_element},
        {"xmlTextReaderIsNamespaceDecl", &x.is_namespace_decl},
        {"xmlTextReaderLocatorLineNumber", &x.locator_line_number},
        {"xmlTextReaderMoveToElement", &x.move_to_element},
        {"xmlTextReaderMoveToFirstAttribute", &x.move_to_first_attribute},
        {"xmlTextReaderMoveToNextAttribute", &x.move_to_next_attribute},
        {"xmlTextReaderNext", &x.next},
        {"xmlTextReaderNodeType", &x.node_type},
        {"xmlTextReaderRead", &x.read},
        {"xmlTextReaderReadOuterXml", &x.read_outer_xml},
        {"xmlTextReaderSetErrorHandler", &x.set_error_handler},
        {"xmlTextReaderSetStructuredErrorHandler", &x.set_structured_error_handler},
        {"xmlFree", &x.free_at},
    };
    loaded = hn_ok(hn_library_load("libxml2.so.2", "libxml2", functions, sizeof functions / sizeof *functions, NULL));
    if (loaded)
        hn_xml = x;
}

bool hn_xml_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, load) == 0 && loaded;
}
