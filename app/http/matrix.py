"""Who may do what: every route, every role, one table. Guards, the API's document and the tests are made from it.

A cell says how far a role reaches on a route:

    -   not at all: 403, and 401 or the sign-in page for somebody who has not signed in
    y   yes, it may; the route is about no particular organisation
    o   only its own organisation's: a tenant's sites, a body's receptions, packs that it holds or was granted;
        anything else is answered as if it were not there
    a   every organisation's; for the complex's staff (`op`, `fi`, `ad`, `au`) every one of their own complex, and what
        lies in another is answered as if it were not there

A method with a `!` (`POST!`) asks for a fresh proof of who acts, at most five minutes old: signatures, money, and what
decides who may do what. A page without it whose form takes the password itself proves it there; the use cases of
signatures and money ask again. A machine's key cannot prove anything, so what is marked takes a person.

A row that ends in `doc` hands out a document or an export: the audit says who fetched it.

The roles: `pu` anybody, `tv` tenant_viewer, `ta` tenant_admin, `te` tester, `re` reviewer, `ap` approver,
`qu` quality, `op` operator, `fi` finance, `ad` admin, `au` auditor, `ow` owner, `at` authority, `rc` recycler,
`de` device. `pu` is anybody, so what it may everybody may. A route without a row, or a row without a route, stops
the program before it starts.
"""

MATRIX = """
route                                                            pu tv ta te re ap qu op fi ad au ow at rc de

GET    /                                                         y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /sign-in                                                  y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /sign-in                                                  y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /sign-in/second                                           y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /sign-in/passkey                                          y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /sign-in/provider                                         y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /sign-in/provider/back                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /sign-out                                                 y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /language/{chosen}                                        y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /trace                                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /01/{gtin}/21/{serial}                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /verify                                                   y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /verify                                                   y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /verify/{token}                                           y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /.well-known/did.json                                     y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /status/{purpose}/{list_number}                           y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /problems                                                 y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /problems/{code}                                          y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /{nowhere}                                                y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /static/{file_path}                                       y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /static/vendor/{file_path}                                y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /docs                                                     y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /docs/openapi.json                                        y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /docs/{path}                                              y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /livez                                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /readyz                                                   y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /version                                                  y  y  y  y  y  y  y  y  y  y  y  y  y  y  y

POST   /api/v1/sessions                                          y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /api/v1/sessions/me                                       -  y  y  y  y  y  y  y  y  y  y  y  y  y  y
DELETE /api/v1/sessions/me                                       -  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /api/v1/sessions/passkey                                  y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /api/v1/sessions/passkey-challenge                        y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /api/v1/sessions                                          -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
DELETE /api/v1/sessions                                          -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
DELETE /api/v1/sessions/others                                   -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
DELETE /api/v1/sessions/{session_id}                             -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/sessions/me/confirmation                          -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/sessions/me/confirmation/passkey-challenge        -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
GET    /api/v1/account                                           -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/account/password                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/account/totp                                      -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
DELETE /api/v1/account/totp                                      -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/account/totp/first-code                           -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/account/passkeys                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/account/passkeys/challenge                        -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
DELETE /api/v1/account/passkeys/{passkey_id}                     -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /api/v1/account/recovery-codes                            -  y  y  y  y  y  y  y  y  y  y  y  y  y  -

GET    /api/v1/packs                                             -  o  o  a  a  a  a  a  a  a  a  o  o  o  -
POST   /api/v1/packs                                             -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /api/v1/packs/trace                                       -  o  o  a  a  a  a  a  a  a  a  o  o  o  -
GET    /api/v1/packs/{pack_id}                                   -  o  o  a  a  a  a  a  a  a  a  o  o  o  -
GET    /api/v1/packs/{pack_id}/history/check                     -  o  o  a  a  a  a  a  a  a  a  o  o  o  -
POST   /api/v1/packs/{pack_id}/facts                             -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/packs/{pack_id}/repurpose                         -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/packs/{pack_id}/withdrawal                        -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/packs/{pack_id}/labels                            -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/packs/{pack_id}/labels/{label_id}/png             -  -  -  a  a  a  a  a  a  a  a  -  -  -  -  doc
GET    /api/v1/packs/{pack_id}/labels/{label_id}/sheet           -  -  -  a  a  a  a  a  a  a  a  -  -  -  -  doc
GET    /api/v1/packs/{pack_id}/labels/{label_id}/svg             -  -  -  a  a  a  a  a  a  a  a  -  -  -  -  doc

GET    /api/v1/receptions                                        -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /api/v1/receptions                                        -  -  -  y  -  -  -  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}                         -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/cycler-files            -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}/runs/{run}/table/{form} -  -  -  o  o  o  o  -  -  -  -  -  -  -  -  doc
POST   /api/v1/receptions/{reception_id}/measurements            -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/deviations              -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/judgement               -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/review                  -  -  -  -  o  -  -  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/approval                -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/issue                   -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/custody                 -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
PUT    /api/v1/receptions/{reception_id}/fees                    -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/fees/agreement          -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}/sample-label/{form}     -  -  -  o  -  -  -  -  -  -  -  -  -  -  -  doc
POST   /api/v1/receptions/{reception_id}/return                  -  -  -  -  o  o  -  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/hold-release            -  -  -  -  o  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/refusal                 -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/citations               -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/runs/{run}/equipment    -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/receptions/{reception_id}/release                 -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/withdrawal              -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}/credential              -  -  -  o  o  o  o  -  -  -  -  -  -  -  -  doc
GET    /api/v1/receptions/{reception_id}/documents/{kind}        -  -  -  o  o  o  o  -  -  -  -  -  -  -  -  doc
GET    /api/v1/requests                                          -  o  o  o  o  o  o  a  a  a  a  o  -  -  -
POST   /api/v1/requests                                          -  -  y  y  -  -  -  y  -  -  -  y  -  -  -
GET    /api/v1/requests/{request_id}                             -  o  o  o  o  o  o  a  a  a  a  o  -  -  -
POST   /api/v1/requests/{request_id}/acceptance                  -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/requests/{request_id}/refusal                     -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/requests/{request_id}/closure                     -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /api/v1/requests/{request_id}/withdrawal                  -  -  o  -  -  -  -  a  -  -  -  o  -  -  -
GET    /api/v1/requests/{request_id}/labels                      -  -  -  o  -  -  -  -  -  -  -  -  -  -  -  doc
GET    /api/v1/requests/{request_id}/units/{line}/{kind}         -  o  o  o  o  o  o  a  a  a  a  o  -  -  -  doc
GET    /api/v1/reinspections                                     -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/devices                                           -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /api/v1/devices                                           -  -  -  -  y  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/devices/{device_id}                               -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /api/v1/devices/{device_id}/calibrations                  -  -  -  -  o  o  o  -  -  -  -  -  -  -  -
POST   /api/v1/devices/{device_id}/bookings                      -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /api/v1/devices/bookings/{booking_id}/release             -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}/amendments              -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/amendments              -  -  -  o  o  o  -  -  -  -  -  -  -  -  -
POST!  /api/v1/receptions/{reception_id}/amendments/approval     -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}/amendments/proposal     -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
GET    /api/v1/receptions/{reception_id}/amendments/{report_number}/pdf -  -  -  o  o  o  o  -  -  -  -  -  -  -  -  doc
GET    /api/v1/protocols                                         -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /api/v1/protocols                                         -  -  -  -  -  -  y  -  -  -  -  -  -  -  -
POST   /api/v1/protocols/check                                   -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/protocols/{sequence}                              -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST!  /api/v1/protocols/{sequence}/approval                     -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
POST!  /api/v1/protocols/{sequence}/retirement                   -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/records/schema                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /api/v1/records                                           -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /api/v1/records/imports                                   -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/records/imports                                   -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/records/imports/{import_id}                       -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
GET    /api/v1/records/issuers                                   -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST!  /api/v1/records/issuers                                   -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
GET    /api/v1/records/export                                    -  -  -  y  y  y  y  -  -  -  -  -  -  -  -  doc
GET    /api/v1/certificates/by-number/{number}                   y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /api/v1/reports/by-number/{number}                        y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST!  /api/v1/certificates/{certificate_id}/end                 -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
POST!  /api/v1/certificates/{certificate_id}/reinstatement       -  -  -  -  o  o  -  -  -  -  -  -  -  -  -

GET    /api/v1/sites                                             -  o  o  -  -  -  -  a  a  a  a  -  -  -  o
POST   /api/v1/sites                                             -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/channels                          -  o  o  -  -  -  -  a  a  a  a  -  -  -  o
POST   /api/v1/sites/{site_id}/readings                          -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/service-point                     -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /api/v1/sites/{site_id}/service-point/powers              -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/conflicts                         -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /api/v1/sites/{site_id}/conflicts/settlement              -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/lots                              -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/lots/{lot_id}/void                -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}/lots               -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/round-trip                        -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/series                                            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/series/{form}                                     -  o  o  -  -  -  -  a  a  a  a  -  -  -  -  doc
GET    /api/v1/sites/{site_id}/findings                          -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /api/v1/sites/{site_id}/months/{month}/findings           -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/findings/{finding_id}/acceptance  -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/findings/{finding_id}/estimate    -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/imports                           -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/meters                            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /api/v1/sites/{site_id}/meters                            -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/meters/{meter_id}/device          -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/meters/{meter_id}/exchanges       -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/meters/{meter_id}/ratios          -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/meters/{meter_id}/removal         -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}                    -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/series                            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/series/{form}                     -  o  o  -  -  -  -  a  a  a  a  -  -  -  -  doc
GET    /api/v1/sites/{site_id}/matrix                            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/matrix/{form}                     -  o  o  -  -  -  -  a  a  a  a  -  -  -  -  doc
GET    /api/v1/sites/{site_id}/months/{month}/insight            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}/sheets/{table}/{form} -  o  o  -  -  -  -  a  a  a  a  -  -  -  -  doc
GET    /api/v1/sites/{site_id}/months/{month}/sources            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}/demand             -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/tariffs                           -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/sites/{site_id}/tariffs                           -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/tariffs                                           -  y  y  -  -  -  -  y  y  y  y  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}/estimates          -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /api/v1/sites/{site_id}/months/{month}/estimates          -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/estimates/{estimate_id}/decision  -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/sites/{site_id}/corrections                       -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}/revisions/{contract_id} -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/sites/{site_id}/months/{month}/revisions          -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/sites/{site_id}/months/{month}/revisions          -  -  -  -  -  -  -  a  a  -  -  -  -  -  -
POST   /api/v1/readings                                          -  -  o  -  -  -  -  a  -  -  -  -  -  -  o

POST   /api/v1/telemetry                                         -  -  o  -  -  -  -  a  -  -  -  -  -  -  o
GET    /api/v1/telemetry/packs                                   -  o  o  -  -  -  -  a  a  a  a  -  -  -  o
GET    /api/v1/telemetry/packs/{pack_id}                         -  o  o  -  -  -  -  a  a  a  a  -  -  -  o
GET    /api/v1/telemetry/packs/{pack_id}/days/{day}              -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/alarms                                            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/alarms/{alarm_id}                                 -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/alarms/{alarm_id}/clearance                       -  -  -  -  -  -  -  a  -  -  -  -  -  -  -

GET    /api/v1/plans                                             -  y  y  -  -  -  -  y  y  y  y  -  -  -  -
POST!  /api/v1/plans                                             -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /api/v1/contracts                                         -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/contracts                                         -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /api/v1/contracts/{contract_id}                           -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /api/v1/contracts/{contract_id}/assignments               -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST!  /api/v1/contracts/{contract_id}/months                    -  -  -  -  -  -  -  a  a  -  -  -  -  -  -
GET    /api/v1/invoices                                          -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/invoices/{invoice_id}                             -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /api/v1/invoices/{invoice_id}/pdf                         -  o  o  -  -  -  -  a  a  a  a  -  -  -  -  doc
GET    /api/v1/deposits                                          -  -  -  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/deposits                                          -  -  -  -  -  -  -  a  a  -  -  -  -  -  -

GET    /account                                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/password                                         -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/totp                                             -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/totp/first-code                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/totp/remove                                      -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/passkeys                                         -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/passkeys/remove                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/recovery-codes                                   -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/sessions/end                                     -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/sessions/end-others                              -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /account/sessions/end-all                                 -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
GET    /confirm                                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /confirm                                                  -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
POST   /confirm/passkey                                          -  y  y  y  y  y  y  y  y  y  y  y  y  y  -
GET    /packs                                                    -  o  o  a  a  a  a  a  a  a  a  o  o  o  -
GET    /packs/new                                                -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
POST   /packs/new                                                -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /packs/{pack_id}                                          -  o  o  a  a  a  a  a  a  a  a  o  o  o  -
POST   /packs/{pack_id}/facts                                    -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /packs/{pack_id}/repurpose                                -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /packs/{pack_id}/withdrawal                               -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /packs/{pack_id}/labels                                   -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /ktr                                                      -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
GET    /ktr/receptions/new                                       -  -  -  y  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/new                                       -  -  -  y  -  -  -  -  -  -  -  -  -  -  -
GET    /ktr/receptions/{reception_id}                            -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/file                       -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/values                     -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/grid                       -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/sheet                      -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/deviations                 -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/custody                    -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/fees                       -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/citations                  -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/runs/{run}/equipment       -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
GET    /requests                                                 -  o  o  o  o  o  o  a  a  a  a  o  -  -  -
GET    /requests/new                                             -  -  y  y  -  -  -  y  -  -  -  y  -  -  -
POST   /requests/new                                             -  -  y  y  -  -  -  y  -  -  -  y  -  -  -
GET    /requests/{request_id}                                    -  o  o  o  o  o  o  a  a  a  a  o  -  -  -
POST   /requests/{request_id}/acceptance                         -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /requests/{request_id}/refusal                            -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /requests/{request_id}/closure                            -  -  -  o  -  -  -  -  -  -  -  -  -  -  -
POST   /requests/{request_id}/withdrawal                         -  -  o  -  -  -  -  a  -  -  -  o  -  -  -
GET    /ktr/labels                                               -  -  -  o  -  -  -  -  -  -  -  -  -  -  -  doc
GET    /s/{token}                                                -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/because/{step}             -  -  -  o  o  o  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/{step}                     -  -  -  o  o  o  -  -  -  -  -  -  -  -  -
GET    /ktr/devices                                              -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /ktr/devices                                              -  -  -  -  y  y  y  -  -  -  -  -  -  -  -
GET    /ktr/devices/{device_id}                                  -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/devices/{device_id}/calibrations                     -  -  -  -  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/devices/{device_id}/bookings                         -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/devices/{device_id}/bookings/{booking_id}/release    -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
GET    /ktr/protocols                                            -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /ktr/protocols                                            -  -  -  -  -  -  y  -  -  -  -  -  -  -  -
GET    /ktr/protocols/{sequence}                                 -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST!  /ktr/protocols/{sequence}/approval                        -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
POST!  /ktr/protocols/{sequence}/retirement                      -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
GET    /ktr/records                                              -  -  -  y  y  y  y  -  -  -  -  -  -  -  -
POST   /ktr/records/imports                                      -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
GET    /ktr/records/imports/{import_id}                          -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST!  /ktr/records/issuers                                      -  -  -  -  -  y  y  -  -  -  -  -  -  -  -
GET    /ktr/receptions/{reception_id}/amendments                 -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/amendments                 -  -  -  o  o  o  -  -  -  -  -  -  -  -  -
POST   /ktr/receptions/{reception_id}/amendments/approval        -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
GET    /ktr/certificates/{certificate_id}                        -  -  -  o  o  o  o  -  -  -  -  -  -  -  -
POST   /ktr/certificates/{certificate_id}/suspension             -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
POST   /ktr/certificates/{certificate_id}/reinstatement          -  -  -  -  o  o  -  -  -  -  -  -  -  -  -
POST   /ktr/certificates/{certificate_id}/revocation             -  -  -  -  -  o  -  -  -  -  -  -  -  -  -
GET    /contracts                                                -  -  -  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /contracts                                                -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /contracts/{tenant_id}/{contract_id}                      -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /contracts/{tenant_id}/{contract_id}/assignments          -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /contracts/{tenant_id}/{contract_id}/months               -  -  -  -  -  -  -  a  a  -  -  -  -  -  -
GET    /plans                                                    -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
POST!  /plans                                                    -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
GET    /sites                                                    -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
POST   /sites                                                    -  -  -  -  -  -  -  y  -  -  -  -  -  -  -
POST   /sites/readings                                           -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /sites/{tenant_id}/{site_id}                              -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/powers                       -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/conflicts                    -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/meters                       -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/meters/{meter_id}/device     -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/meters/{meter_id}/exchanges  -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/meters/{meter_id}/ratios     -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/meters/{meter_id}/removal    -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /deposits                                                 -  -  -  -  -  -  -  a  a  a  a  -  -  -  -
POST   /deposits                                                 -  -  -  -  -  -  -  a  a  -  -  -  -  -  -
GET    /energy                                                   -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /energy/{tenant_id}/{site_id}/{month}/findings            -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /sites/{tenant_id}/{site_id}/findings/{finding_id}        -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /energy/{tenant_id}/{site_id}/{month}/lots                -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /energy/{tenant_id}/{site_id}/{month}/lots/{lot_id}/void  -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /energy/{tenant_id}/{site_id}/{month}/estimates           -  -  o  -  -  -  -  a  -  -  -  -  -  -  -
POST   /energy/{tenant_id}/{site_id}/{month}/estimates/{estimate_id} -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /energy/csv/{table}                                       -  o  o  -  -  -  -  a  a  a  a  -  -  -  -  doc
GET    /alarms                                                   -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /alarms/{tenant_id}/{alarm_id}                            -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
POST   /alarms/{tenant_id}/{alarm_id}/clearance                  -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /contract                                                 -  y  y  -  -  -  -  -  -  -  -  -  -  -  -
GET    /invoices                                                 -  o  o  -  -  -  -  a  a  a  a  -  -  -  -
GET    /invoices/{invoice_id}                                    -  o  o  -  -  -  -  -  -  -  -  -  -  -  -
GET    /invoices/{tenant_id}/{invoice_id}                        -  o  o  -  -  -  -  a  a  a  a  -  -  -  -

GET    /api/v1/organisations                                     -  -  o  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/organisations                                     -  -  -  -  -  -  -  -  -  y  -  -  -  -  -
GET    /api/v1/members                                           -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
GET    /api/v1/members/{person_id}                               -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
POST!  /api/v1/members/{person_id}/role                          -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /api/v1/members/{person_id}/deactivation                  -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /api/v1/members/{person_id}/reactivation                  -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /api/v1/members/{person_id}/reset                         -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
GET    /api/v1/invitations                                       -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
POST!  /api/v1/invitations                                       -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST   /api/v1/invitations/{invitation_id}/withdrawal            -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST   /api/v1/invitations/acceptance                            y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /api/v1/resets/acceptance                                 y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /api/v1/keys                                              -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
GET    /api/v1/keys/{key_id}                                     -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
POST!  /api/v1/keys                                              -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /api/v1/keys/{key_id}/rotation                            -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST   /api/v1/keys/{key_id}/revocation                          -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
GET    /organisations                                            -  -  o  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /organisations                                            -  -  -  -  -  -  -  -  -  y  -  -  -  -  -
GET    /members                                                  -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
GET    /members/{person_id}                                      -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
POST!  /members/{person_id}/role                                 -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /members/{person_id}/standing                             -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /members/{person_id}/reset                                -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /members/invitations                                      -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST   /members/invitations/{invitation_id}/withdrawal           -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
GET    /join                                                     y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /join                                                     y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /reset                                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
POST   /reset                                                    y  y  y  y  y  y  y  y  y  y  y  y  y  y  y
GET    /keys                                                     -  -  o  -  -  -  -  a  -  a  a  -  -  -  -
POST!  /keys                                                     -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST!  /keys/{key_id}/rotation                                   -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
POST   /keys/{key_id}/revocation                                 -  -  o  -  -  -  -  -  -  a  -  -  -  -  -
GET    /api/v1/packs/{pack_id}/grants                            -  -  -  -  -  -  -  a  a  a  a  -  -  -  -
POST!  /api/v1/packs/{pack_id}/grants                            -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /api/v1/packs/{pack_id}/grants/{grant_id}/revocation      -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST!  /packs/{pack_id}/grants                                   -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
POST   /packs/{pack_id}/grants/{grant_id}/revocation             -  -  -  -  -  -  -  a  -  -  -  -  -  -  -
GET    /api/v1/audit                                             -  -  -  -  -  -  -  -  -  a  a  -  -  -  -
GET    /api/v1/audit/csv                                         -  -  -  -  -  -  -  -  -  a  a  -  -  -  -  doc
GET    /audit                                                    -  -  -  -  -  -  -  -  -  a  a  -  -  -  -
"""
