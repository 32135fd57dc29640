/* The XML library, loaded by the processes that read XML, before they enter their sandbox: it brings ICU and the C++
 * library with it, which every other process would load and relocate at its start. The names below are its own. */
#pragma once

#include <libxml/xmlreader.h>
#include <stdbool.h>

struct hn_xml {
    __typeof__(xmlDocGetRootElement) *doc_get_root_element;
    __typeof__(xmlFreeDoc) *free_doc;
    __typeof__(xmlFreeTextReader) *free_text_reader;
    __typeof__(xmlGetLineNo) *get_line_no;
    __typeof__(xmlGetNoNsProp) *get_no_ns_prop;
    __typeof__(xmlNodeGetContent) *node_get_content;
    __typeof__(xmlReadMemory) *read_memory;
    __typeof__(xmlReaderForIO) *reader_for_io;
    __typeof__(xmlReaderForMemory) *reader_for_memory;
    __typeof__(xmlStrcmp) *strcmp;
    __typeof__(xmlTextReaderByteConsumed) *byte_consumed;
    __typeof__(xmlTextReaderConstLocalName) *const_local_name;
    __typeof__(xmlTextReaderConstNamespaceUri) *const_namespace_uri;
    __typeof__(xmlTextReaderConstValue) *const_value;
    __typeof__(xmlTextReaderCurrentNode) *current_node;
    __typeof__(xmlTextReaderDepth) *depth;
    __typeof__(xmlTextReaderExpand) *expand;
    __typeof__(xmlTextReaderGetAttribute) *get_attribute;
    __typeof__(xmlTextReaderGetAttributeNs) *get_attribute_ns;
    __typeof__(xmlTextReaderGetParserLineNumber) *get_parser_line_number;
    __typeof__(xmlTextReaderIsEmptyElement) *is_empty_element;
    __typeof__(xmlTextReaderIsNamespaceDecl) *is_namespace_decl;
    __typeof__(xmlTextReaderLocatorLineNumber) *locator_line_number;
    __typeof__(xmlTextReaderMoveToElement) *move_to_element;
    __typeof__(xmlTextReaderMoveToFirstAttribute) *move_to_first_attribute;
    __typeof__(xmlTextReaderMoveToNextAttribute) *move_to_next_attribute;
    __typeof__(xmlTextReaderNext) *next;
    __typeof__(xmlTextReaderNodeType) *node_type;
    __typeof__(xmlTextReaderRead) *read;
    __typeof__(xmlTextReaderReadOuterXml) *read_outer_xml;
    __typeof__(xmlTextReaderSetErrorHandler) *set_error_handler;
    __typeof__(xmlTextReaderSetStructuredErrorHandler) *set_structured_error_handler;
    xmlFreeFunc *free_at;
};
extern struct hn_xml hn_xml;

/* Before anything else of the library; once is enough, from any thread. In a sandbox it is too late for the first time.
 * False: it is not installed, or lacks a function: nothing in XML can be read. */
bool hn_xml_load(void);

#define xmlDocGetRootElement                   hn_xml.doc_get_root_element
#define xmlFreeDoc                             hn_xml.free_doc
#define xmlFreeTextReader                      hn_xml.free_text_reader
#define xmlGetLineNo                           hn_xml.get_line_no
#define xmlGetNoNsProp                         hn_xml.get_no_ns_prop
#define xmlNodeGetContent                      hn_xml.node_get_content
#define xmlReadMemory                          hn_xml.read_memory
#define xmlReaderForIO                         hn_xml.reader_for_io
#define xmlReaderForMemory                     hn_xml.reader_for_memory
#define xmlStrcmp                              hn_xml.strcmp
#define xmlTextReaderByteConsumed              hn_xml.byte_consumed
#define xmlTextReaderConstLocalName            hn_xml.const_local_name
#define xmlTextReaderConstNamespaceUri         hn_xml.const_namespace_uri
#define xmlTextReaderConstValue                hn_xml.const_value
#define xmlTextReaderCurrentNode               hn_xml.current_node
#define xmlTextReaderDepth                     hn_xml.depth
#define xmlTextReaderExpand                    hn_xml.expand
#define xmlTextReaderGetAttribute              hn_xml.get_attribute
#define xmlTextReaderGetAttributeNs            hn_xml.get_attribute_ns
#define xmlTextReaderGetParserLineNumber       hn_xml.get_parser_line_number
#define xmlTextReaderIsEmptyElement            hn_xml.is_empty_element
#define xmlTextReaderIsNamespaceDecl           hn_xml.is_namespace_decl
#define xmlTextReaderLocatorLineNumber         hn_xml.locator_line_number
#define xmlTextReaderMoveToElement             hn_xml.move_to_element
#define xmlTextReaderMoveToFirstAttribute      hn_xml.move_to_first_attribute
#define xmlTextReaderMoveToNextAttribute       hn_xml.move_to_next_attribute
#define xmlTextReaderNext                      hn_xml.next
#define xmlTextReaderNodeType                  hn_xml.node_type
#define xmlTextReaderRead                      hn_xml.read
#define xmlTextReaderReadOuterXml              hn_xml.read_outer_xml
#define xmlTextReaderSetErrorHandler           hn_xml.set_error_handler
#define xmlTextReaderSetStructuredErrorHandler hn_xml.set_structured_error_handler
#define xmlFree                                (*hn_xml.free_at)
