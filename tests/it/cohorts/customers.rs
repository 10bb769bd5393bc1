//! Customers in short: what one has, in words, and the facts that this makes.
//!
//! `own P N`: a live plan of P with N seats. `plan P SKU N`: the same with its plan. `bought P N`: N units, a year ago.
//! `spend P X`: X in the last three full months. `install P [VERSION]`, `category P CATEGORY`: technology.
//! `agreement DIVISION PROGRAM active|inactive`, `cluster P CLUSTER`, `employees N`, `industry NAME`.

use std::collections::BTreeMap;

use propensity::features::LicenceMetrics;
use propensity::grid::Cluster;
use propensity::quantity::AsOf;
use propensity::spec::Spec;
use propensity::targeting::{AccountFacts, Agreement, Bought, Firm, Holding, Installed, VersionAge};

/// A cohort, a customer inside and one just outside.
pub(super) type Case = (&'static str, &'static str, &'static str);

pub(super) fn customer(text: &str) -> (AccountFacts, BTreeMap<String, Cluster>) {
    let as_of: AsOf = "2025-01-01".parse().unwrap();
    let mut clusters = BTreeMap::new();
    let mut facts = AccountFacts {
        account_id: "1".into(),
        as_of,
        firm: Firm::default(),
        tier: "Medium".into(),
        size_tier: "Medium".into(),
        corporate_candidate: false,
        holdings: Vec::new(),
        bought: Vec::new(),
        installs: Vec::new(),
        agreements: Vec::new(),
        partners: Vec::new(),
        last_transaction: None,
    };
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let words: Vec<&str> = part.split(' ').collect();
        match words[..] {
            ["own", product, seats] => facts.holdings.push(holding(product, None, seats)),
            ["plan", product, plan, seats] => facts.holdings.push(holding(product, Some(plan), seats)),
            ["bought", product, units] => facts.bought.push(bought(as_of, product, units, "0")),
            ["spend", product, money] => facts.bought.push(bought(as_of, product, "1", money)),
            ["install", product, ref version @ ..] => {
                facts.installs.push(installed(as_of, product, &version.join(" ")));
            }
            ["category", product, category] => facts
                .installs
                .push(Installed { category: Some(category.into()), ..installed(as_of, product, "") }),
            ["agreement", division, program, state] => facts.agreements.push(Agreement {
                id: "A1".into(),
                program: Some(program.into()),
                division: Some(division.into()),
                ends: as_of.plus_months(if state == "active" { 3 } else { -3 }),
                expiration: None,
                revenue: None,
                started: Some(as_of.plus_months(-12)),
                renewed: false,
            }),
            ["cluster", product, cluster] => {
                clusters.insert(product.to_owned(), cluster.parse().unwrap());
            }
            ["employees", heads] => facts.firm.employees = Some(heads.parse().unwrap()),
            ["industry", name] => facts.firm.vertical = Some(name.into()),
            _ => panic!("{part:?} says nothing"),
        }
    }
    (facts, clusters)
}

fn holding(product: &str, plan: Option<&str>, seats: &str) -> Holding {
    Holding {
        product: product.into(),
        plan: plan.map(str::to_owned),
        seats: LicenceMetrics { sold: Some(seats.parse().unwrap()), ..LicenceMetrics::default() },
        state: Some("active".into()),
        live: true,
    }
}

fn bought(as_of: AsOf, product: &str, units: &str, value_3m: &str) -> Bought {
    let (units, value_3m): (f64, f64) = (units.parse().unwrap(), value_3m.parse().unwrap());
    Bought {
        product: product.into(),
        first: as_of.plus_months(-12),
        last: as_of.plus_months(-12),
        units,
        units_36m: units,
        value: 100.0 * units,
        value_12m: value_3m,
        value_3m,
        first_spend: None,
        skus: Vec::new(),
    }
}

/// Ages as the shipped spec has them.
fn installed(as_of: AsOf, product: &str, version: &str) -> Installed {
    let versions = Spec::cloudascent().unwrap().features.versions;
    let listed = versions.iter().find(|known| known.product == product && known.version == version);
    let support_ends = listed.and_then(|known| known.support_ends);
    Installed {
        product: product.into(),
        version: (!version.is_empty()).then(|| version.to_owned()),
        category: None,
        age: match listed {
            None => VersionAge::Unknown,
            Some(_) if support_ends.is_some_and(|ends| ends < as_of) => VersionAge::Eos,
            Some(_) => VersionAge::Current,
        },
        support_ends,
    }
}

#[rustfmt::skip]
pub(super) const CASES_2021: [Case; 107] = [
    ("EnableRemoteWorkTargetExchangeOnline", "plan m365 EXO-P1 5", "plan m365 M365-BB 5"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithCLASPropensityAbove10Licenses", "install office 2021; bought office 10; cluster m365 nurture", "install office 2021; bought office 9; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithCLASPropensityAbove10Licenses", "install office 2021; bought office 10; cluster m365 nurture", "install office 2010; bought office 10; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithCLASPropensityAbove10Licenses", "install windows 11; bought windows 10; cluster m365 nurture", "install office 2021; bought office 10"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithCLASPropensityBelow10Licenses", "install office 2021; bought office 9; cluster m365 nurture", "install office 2021; bought office 10; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithCLASPropensityBelow10Licenses", "install office 2021; bought office 9; cluster m365 nurture", "install office 2010; bought office 9; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithCLASPropensityBelow10Licenses", "install windows 11; bought windows 9; cluster m365 nurture", "install office 2021; bought office 9"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithoutCLASPropensityAbove10Licenses", "install office 2021; bought office 10", "install office 2021; bought office 9"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithoutCLASPropensityAbove10Licenses", "install office 2021; bought office 10", "install office 2010; bought office 10"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithoutCLASPropensityAbove10Licenses", "install windows 11; bought windows 10", "install office 2021; bought office 10; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithoutCLASPropensityBelow10Licenses", "install office 2021; bought office 9", "install office 2021; bought office 10"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithoutCLASPropensityBelow10Licenses", "install office 2021; bought office 9", "install office 2010; bought office 9"),
    ("EnableRemoteWorkOnPremAcquisitionCurrentVersionwithoutCLASPropensityBelow10Licenses", "install windows 11; bought windows 9", "install office 2021; bought office 9; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithCLASPropensityAbove10Licenses", "install office 2010; bought office 10; cluster m365 nurture", "install office 2010; bought office 9; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithCLASPropensityAbove10Licenses", "install office 2010; bought office 10; cluster m365 nurture", "install office 2021; bought office 10; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithCLASPropensityAbove10Licenses", "install windows 7; bought windows 10; cluster m365 nurture", "install office 2010; bought office 10"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithCLASPropensityBelow10Licenses", "install office 2010; bought office 9; cluster m365 nurture", "install office 2010; bought office 10; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithCLASPropensityBelow10Licenses", "install office 2010; bought office 9; cluster m365 nurture", "install office 2021; bought office 9; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithCLASPropensityBelow10Licenses", "install windows 7; bought windows 9; cluster m365 nurture", "install office 2010; bought office 9"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithoutCLASPropensityAbove10Licenses", "install office 2010; bought office 10", "install office 2010; bought office 9"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithoutCLASPropensityAbove10Licenses", "install office 2010; bought office 10", "install office 2021; bought office 10"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithoutCLASPropensityAbove10Licenses", "install windows 7; bought windows 10", "install office 2010; bought office 10; cluster m365 nurture"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithoutCLASPropensityBelow10Licenses", "install office 2010; bought office 9", "install office 2010; bought office 10"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithoutCLASPropensityBelow10Licenses", "install office 2010; bought office 9", "install office 2021; bought office 9"),
    ("EnableRemoteWorkOnPremAcquisitionEOSwithoutCLASPropensityBelow10Licenses", "install windows 7; bought windows 9", "install office 2010; bought office 9; cluster m365 nurture"),
    ("EnableRemoteWorkHighPropensityProspectforM365ActNowEvaluate", "cluster m365 evaluate", "cluster m365 nurture"),
    ("EnableRemoteWorkHighPropensityProspectforM365ActNowEvaluate", "cluster m365 act_now", "cluster m365 act_now; own m365 1"),
    ("EnableRemoteWorkCompeteZoomwithM365", "install zoom; own m365 1", "install zoom"),
    ("EnableRemoteWorkCompeteZoomwithoutM365", "install zoom", "install zoom; own m365 1"),
    ("ReduceCostandManageM365E3targetedforM365E5", "plan m365 SPE_E3 3", "plan m365 SPE_E5 3"),
    ("ReduceCostandManageM365BBandBScustomerstargetedforM365BP", "plan m365 M365-BS 3", "plan m365 M365-BP 3"),
    ("TransformOrganizationalProductivitySurfacePropensity", "cluster surface evaluate", "cluster surface educate"),
    ("ActivateDigitalSellingM365SeatSizeAbove25SeatsSalesProPropensityModel", "own m365 25", "own m365 24"),
    ("ActivateDigitalSellingM365SeatSizeAbove25SeatsSalesProPropensityModel", "own m365 26", "own m365 26; own d365_bc 1"),
    ("ActivateDigitalSellingD365SalesProPropensityActNowOrEvaluate", "cluster d365_sp act_now", "cluster d365_sp act_now; own d365_sp 1"),
    ("ManagingFinancialRiskAndFraudDynamicsOnPremInstallBaseNavisionBCPropensityModel", "install dynamics_nav", "install dynamics_gp"),
    ("ManagingFinancialRiskAndFraudDynamicsOnPremInstallBaseAXFAndOPropensityModel", "install dynamics_ax", "install dynamics_nav"),
    ("ManagingFinancialRiskAndFraudDynamicsOnPremInstallBaseGreatPlainsBCPropensityModel", "install dynamics_gp", "install dynamics_nav"),
    ("ManagingFinancialRiskAndFraudDynamicsOnPremInstallBaseSolomonBCPropensityModel", "install dynamics_sl", "install dynamics_nav"),
    ("ManagingFinancialRiskAndFraudDynamicsOnPremInstallBaseOthersBCPropensityModel", "install dynamics_other", "install dynamics_nav"),
    ("BuildAgileBusinessProcessesDynamicsOnPremInstallBaseAXGPSLNAVOtherD365PropensityModel", "install dynamics_sl", "install sap"),
    ("BuildAgileBusinessProcessesDynamicsCompeteBaseMendixOutsystemsSalesforceD365PropensityModel", "install outsystems", "install hubspot"),
    ("BuildAgileBusinessProcessesD365FAndOInstallBase", "own d365_fo 1", "own d365_bc 1"),
    ("BuildAgileBusinessProcessesD365BCInstallBase", "own d365_bc 1", "install dynamics_nav"),
    ("BuildAgileBusinessProcessesD365CEInstallBase", "own d365_sp 1", "own d365_bc 1"),
    ("BuildaResilientSupplyChainWinandActivateFirstD365WorkloadasD365SupplyChainwithNonOracleSAPERPCustomers", "category quickbooks erp", "category sap erp"),
    ("BuildaResilientSupplyChainWinandActivateFirstD365WorkloadasD365SupplyChainwithNonOracleSAPERPCustomers", "category quickbooks erp", "category quickbooks erp; own d365_bc 1"),
    ("BuildaResilientSupplyChainCrossSellD365SupplyChainANDORRetailCommercetoExistingD365CECustomers", "own d365_sp 1", "own d365_bc 1"),
    ("BuildaResilientSupplyChainCrossSellD365SupChainANDORRetailCommercetoD365CEANDOracleORSAP", "own d365_sp 1; install oracle", "own d365_sp 1"),
    ("MigrateEOSWinServerWithCLASPropensityAbove5Licenses", "install windows_server 2012; bought windows_server 5; cluster azure educate", "install windows_server 2012; bought windows_server 4; cluster azure educate"),
    ("MigrateEOSWinServerWithCLASPropensityAbove5Licenses", "install windows_server 2012; bought windows_server 5; cluster azure educate", "install windows_server 2022; bought windows_server 5; cluster azure educate"),
    ("MigrateEOSWinServerWithCLASPropensityAbove5Licenses", "install windows_server 2012; bought windows_server 5; cluster azure educate", "install windows_server 2012; bought windows_server 5"),
    ("MigrateEOSWinServerWithCLASPropensityBelow5Licenses", "install windows_server 2012; bought windows_server 4; cluster azure educate", "install windows_server 2012; bought windows_server 5; cluster azure educate"),
    ("MigrateEOSWinServerWithCLASPropensityBelow5Licenses", "install windows_server 2012; bought windows_server 4; cluster azure educate", "install windows_server 2022; bought windows_server 4; cluster azure educate"),
    ("MigrateEOSWinServerWithCLASPropensityBelow5Licenses", "install windows_server 2012; bought windows_server 4; cluster azure educate", "install windows_server 2012; bought windows_server 4"),
    ("MigrateEOSWinServerWithoutCLASPropensityAbove5Licenses", "install windows_server 2012; bought windows_server 5", "install windows_server 2012; bought windows_server 4"),
    ("MigrateEOSWinServerWithoutCLASPropensityAbove5Licenses", "install windows_server 2012; bought windows_server 5", "install windows_server 2022; bought windows_server 5"),
    ("MigrateEOSWinServerWithoutCLASPropensityAbove5Licenses", "install windows_server 2012; bought windows_server 5", "install windows_server 2012; bought windows_server 5; cluster azure educate"),
    ("MigrateEOSWinServerWithoutCLASPropensityBelow5Licenses", "install windows_server 2012; bought windows_server 4", "install windows_server 2012; bought windows_server 5"),
    ("MigrateEOSWinServerWithoutCLASPropensityBelow5Licenses", "install windows_server 2012; bought windows_server 4", "install windows_server 2022; bought windows_server 4"),
    ("MigrateEOSWinServerWithoutCLASPropensityBelow5Licenses", "install windows_server 2012; bought windows_server 4", "install windows_server 2012; bought windows_server 4; cluster azure educate"),
    ("MigrateEOSSQLWithCLASPropensityAbove5Licenses", "install sql_server 2014; bought sql_server 5; cluster azure educate", "install sql_server 2014; bought sql_server 4; cluster azure educate"),
    ("MigrateEOSSQLWithCLASPropensityAbove5Licenses", "install sql_server 2014; bought sql_server 5; cluster azure educate", "install sql_server 2022; bought sql_server 5; cluster azure educate"),
    ("MigrateEOSSQLWithCLASPropensityAbove5Licenses", "install sql_server 2014; bought sql_server 5; cluster azure educate", "install sql_server 2014; bought sql_server 5"),
    ("MigrateEOSSQLWithCLASPropensityBelow5Licenses", "install sql_server 2014; bought sql_server 4; cluster azure educate", "install sql_server 2014; bought sql_server 5; cluster azure educate"),
    ("MigrateEOSSQLWithCLASPropensityBelow5Licenses", "install sql_server 2014; bought sql_server 4; cluster azure educate", "install sql_server 2022; bought sql_server 4; cluster azure educate"),
    ("MigrateEOSSQLWithCLASPropensityBelow5Licenses", "install sql_server 2014; bought sql_server 4; cluster azure educate", "install sql_server 2014; bought sql_server 4"),
    ("MigrateEOSSQLWithoutCLASPropensityAbove5Licenses", "install sql_server 2014; bought sql_server 5", "install sql_server 2014; bought sql_server 4"),
    ("MigrateEOSSQLWithoutCLASPropensityAbove5Licenses", "install sql_server 2014; bought sql_server 5", "install sql_server 2022; bought sql_server 5"),
    ("MigrateEOSSQLWithoutCLASPropensityAbove5Licenses", "install sql_server 2014; bought sql_server 5", "install sql_server 2014; bought sql_server 5; cluster azure educate"),
    ("MigrateEOSSQLWithoutCLASPropensityBelow5Licenses", "install sql_server 2014; bought sql_server 4", "install sql_server 2014; bought sql_server 5"),
    ("MigrateEOSSQLWithoutCLASPropensityBelow5Licenses", "install sql_server 2014; bought sql_server 4", "install sql_server 2022; bought sql_server 4"),
    ("MigrateEOSSQLWithoutCLASPropensityBelow5Licenses", "install sql_server 2014; bought sql_server 4", "install sql_server 2014; bought sql_server 4; cluster azure educate"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithCLASPropensityAbove5Licenses", "install windows_server 2022; bought windows_server 5; cluster azure educate", "install windows_server 2022; bought windows_server 4; cluster azure educate"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithCLASPropensityAbove5Licenses", "install windows_server 2022; bought windows_server 5; cluster azure educate", "install windows_server 2012; bought windows_server 5; cluster azure educate"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithCLASPropensityAbove5Licenses", "install windows_server 2022; bought windows_server 5; cluster azure educate", "install windows_server 2022; bought windows_server 5"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithCLASPropensityBelow5Licenses", "install windows_server 2022; bought windows_server 4; cluster azure educate", "install windows_server 2022; bought windows_server 5; cluster azure educate"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithCLASPropensityBelow5Licenses", "install windows_server 2022; bought windows_server 4; cluster azure educate", "install windows_server 2012; bought windows_server 4; cluster azure educate"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithCLASPropensityBelow5Licenses", "install windows_server 2022; bought windows_server 4; cluster azure educate", "install windows_server 2022; bought windows_server 4"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithoutCLASPropensityAbove5Licenses", "install windows_server 2022; bought windows_server 5", "install windows_server 2022; bought windows_server 4"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithoutCLASPropensityAbove5Licenses", "install windows_server 2022; bought windows_server 5", "install windows_server 2012; bought windows_server 5"),
    ("MigrateOnPremWinServerCurrentWindowsServerWithoutCLASPropensityAbove5Licenses", "install windows_server 2022; bought windows_server 5", "install windows_server 2022; bought windows_server 5; cluster azure educate"),
    ("MigrateOnPremWinServerCurrentWindowsServerIBWithoutCLASPropensityBelow5Licenses", "install windows_server 2022; bought windows_server 4", "install windows_server 2022; bought windows_server 5"),
    ("MigrateOnPremWinServerCurrentWindowsServerIBWithoutCLASPropensityBelow5Licenses", "install windows_server 2022; bought windows_server 4", "install windows_server 2012; bought windows_server 4"),
    ("MigrateOnPremWinServerCurrentWindowsServerIBWithoutCLASPropensityBelow5Licenses", "install windows_server 2022; bought windows_server 4", "install windows_server 2022; bought windows_server 4; cluster azure educate"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithCLASPropensityAbove5Licenses", "install sql_server 2022; bought sql_server 5; cluster azure educate", "install sql_server 2022; bought sql_server 4; cluster azure educate"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithCLASPropensityAbove5Licenses", "install sql_server 2022; bought sql_server 5; cluster azure educate", "install sql_server 2014; bought sql_server 5; cluster azure educate"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithCLASPropensityAbove5Licenses", "install sql_server 2022; bought sql_server 5; cluster azure educate", "install sql_server 2022; bought sql_server 5"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithCLASPropensityBelow5Licenses", "install sql_server 2022; bought sql_server 4; cluster azure educate", "install sql_server 2022; bought sql_server 5; cluster azure educate"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithCLASPropensityBelow5Licenses", "install sql_server 2022; bought sql_server 4; cluster azure educate", "install sql_server 2014; bought sql_server 4; cluster azure educate"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithCLASPropensityBelow5Licenses", "install sql_server 2022; bought sql_server 4; cluster azure educate", "install sql_server 2022; bought sql_server 4"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithoutCLASPropensityAbove5Licenses", "install sql_server 2022; bought sql_server 5", "install sql_server 2022; bought sql_server 4"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithoutCLASPropensityAbove5Licenses", "install sql_server 2022; bought sql_server 5", "install sql_server 2014; bought sql_server 5"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithoutCLASPropensityAbove5Licenses", "install sql_server 2022; bought sql_server 5", "install sql_server 2022; bought sql_server 5; cluster azure educate"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithoutCLASPropensityBelow5Licenses", "install sql_server 2022; bought sql_server 4", "install sql_server 2022; bought sql_server 5"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithoutCLASPropensityBelow5Licenses", "install sql_server 2022; bought sql_server 4", "install sql_server 2014; bought sql_server 4"),
    ("MigrateToAzureSQLOrSQLVMsCurrentSQLServerWithoutCLASPropensityBelow5Licenses", "install sql_server 2022; bought sql_server 4", "install sql_server 2022; bought sql_server 4; cluster azure educate"),
    ("MigrateOSSMigrateToOSSDB", "install mariadb", "install oracle"),
    ("MigrateOSSLinuxOnAzure", "install linux", "install windows_server"),
    ("MigrateSAPOnAzure", "install sap", "install oracle"),
    ("MigrateWVDRDSIB", "install remote_desktop_services", "install citrix"),
    ("MigrateWVDCrossSellModernWorkToAzureWVD", "own m365 1", "own m365 1; bought azure 1"),
    ("MigrateVMWareIB", "install vmware", "install citrix"),
    ("MigrateCitrixIB", "install citrix", "install vmware"),
    ("InnovateAnalyticsPowerBIIBWithHighAzurepropensity", "own power_bi 1; cluster azure evaluate", "own power_bi 1; cluster azure nurture"),
    ("InnovateAnalyticsPowerBIIBWithHighAzurepropensity", "plan m365 SPE_E5 1; cluster azure act_now", "plan m365 SPE_E3 1; cluster azure act_now"),
    ("EnableDevOpsWithGitHubVisualStudioMSDNIB", "install visual_studio", "install vmware"),
];

#[rustfmt::skip]
pub(super) const CASES_2024: [Case; 92] = [
    ("MW_On Prem Acq_Office 2016_2019", "install office 2019", "install office 2013"),
    ("MW_On Prem Acq Office_Prod Server 2007_2010", "install exchange_server 2010", "install exchange_server 2013"),
    ("MW_On Prem Acq Office 2021 Office_Prod Server 2019", "install office 2021", "install office 2019"),
    ("MW_On Prem Acq Office 2021 Office_Prod Server 2019", "install exchange_server 2019", "install exchange_server 2016"),
    ("MW_On Prem Acq Office_Prod Server 2013_Office 2019 for Mac", "install office_mac 2019", "install office 2019"),
    ("MW_Transition Customer - Compete (Endpoint Security) with M365", "install sophos; own m365 1", "install sophos"),
    ("MW_Transition Customer - Compete (Endpoint Security) without M365", "install crowdstrike", "install crowdstrike; own m365 1"),
    ("MW_Transition Customer - Compete (Zoom) with M365", "install zoom; own m365 1", "install zoom"),
    ("MW_Transition Customer - Compete (Zoom) without M365", "install zoom", "install zoom; own m365 1"),
    ("MW_Transition Customer - Compete Google Workspace", "install google_workspace", "install google_cloud"),
    ("MW_Upsell Existing Cloud Customer - EMS Suites_Standalones", "plan m365 EMS 1", "plan m365 SPE_E3 1"),
    ("MW_Upsell Existing Cloud Customer - ME3_OE5 to ME5", "plan o365 ENTERPRISEPREMIUM 1", "plan m365 SPE_E5 1"),
    ("MW_Upsell Existing Cloud Customer - MW Standalones_EXO_SPO_etc", "plan o365 EXO-P1 1", "plan m365 M365-BB 1"),
    ("MW_Upsell Existing Cloud Customer - No MBP_ME3_ME5", "plan m365 M365-BS 1", "plan m365 M365-BP 1"),
    ("MW_Upsell Existing Cloud Customer - No MBP_ME3_ME5", "plan o365 O365-E3 1", "plan o365 O365-E3 1; plan m365 M365-E3 1"),
    ("MW_Upsell Existing Cloud Customer - O365 A1", "plan o365 O365-A1 1", "plan o365 O365-A3 1"),
    ("MW_Upsell Existing Cloud Customer - O365 A3_A5_M365 A1_A3", "plan m365 M365-A3 1", "plan o365 O365-A1 1"),
    ("MW_Upsell Existing Cloud Customer - Underpenetrated MBP_ME3_ME5", "plan m365 M365-BP 9; employees 10", "plan m365 M365-BP 10; employees 10"),
    ("MW_Upsell Existing Cloud Customer - Underpenetrated MBP_ME3_ME5", "plan m365 M365-E3 9; employees 10", "plan m365 M365-BB 9; employees 10"),
    ("MW_Upsell Existing Cloud Customer - Teams Essentials", "plan m365 TEAMS-ESS 1", "plan m365 TEAMS-ESS 1; plan m365 M365-BB 1"),
    ("MW_Business Premium_E SKU Attach >50", "plan m365 M365-BP 50", "plan m365 M365-BP 49"),
    ("MW_Business Premium_E SKU Attach >50", "plan m365 M365-BP 30; plan o365 O365-E1 20", "plan m365 M365-BS 90"),
    ("MW_EDU for Surface", "industry Education; bought surface 25", "industry Education; bought surface 24"),
    ("MW_EDU for Surface", "industry education; bought surface 30", "industry Retail; bought surface 30"),
    ("D365_BC Customers with no D365 SalesPro or Sales Enterprise", "own d365_bc 1", "own d365_bc 1; own d365_sp 1"),
    ("D365_BC Customers with no D365 SalesPro or Sales Enterprise", "own d365_sp 1", ""),
    ("D365_CRM On Prem Customers with No D365 SalesPro Or Sales Enterprise", "install dynamics_crm", "install dynamics_crm; own d365_sp 1"),
    ("D365_M365 Customers with >300 Employees with No D365 SalesPro Or Sales Enterprise", "own m365 1; employees 300", "own m365 1; employees 299"),
    ("D365_M365 Customers with >300 Employees with No D365 SalesPro Or Sales Enterprise", "own m365 1; employees 301", "own m365 1; employees 301; own d365_sp 1"),
    ("D365_M365 Customers with <300 Employees with No D365 SalesPro or Sales Enterprise", "own m365 1; employees 299", "own m365 1; employees 300"),
    ("D365_M365 Customers with <300 Employees with No D365 SalesPro or Sales Enterprise", "own m365 1; employees 1", "own m365 1"),
    ("D365_Azure Customers with No Power Platform", "bought azure 1", "bought azure 1; own power_apps 1"),
    ("D365_BC or D365 SalesPro Or Sales Enterprise Customers with No Power Platform", "own d365_sp 1", "own d365_sp 1; own power_bi 1"),
    ("D365_M365 BP_E1_E3_E5 Customer with No Power Platform", "plan o365 O365-E1 1", "plan m365 M365-BS 1"),
    ("D365_M365 BP_E1_E3_E5 Customer with No Power Platform", "plan m365 SPB 1", "plan m365 SPB 1; own power_apps 1"),
    ("D365_AX Customer, No BC/Finance", "install dynamics_ax", "install dynamics_ax; own d365_bc 1"),
    ("D365_AX Customer, No BC/Finance", "install dynamics_ax", "install dynamics_ax; own d365_finance 1"),
    ("D365_GP Customer, No BC/Finance", "install dynamics_gp", "install dynamics_gp; own d365_bc 1"),
    ("D365_GP Customer, No BC/Finance", "install dynamics_gp", "install dynamics_gp; own d365_finance 1"),
    ("D365_NAV Customers, No BC_Finance", "install dynamics_nav", "install dynamics_nav; own d365_bc 1"),
    ("D365_NAV Customers, No BC_Finance", "install dynamics_nav", "install dynamics_nav; own d365_finance 1"),
    ("D365_D365 SalesPro or Sales Enterprise Customers with No BC", "own d365_sp 1", "own d365_sp 1; own d365_bc 1"),
    ("D365_M365 Customer with No BC with <300 Employees", "own m365 1; employees 299", "own m365 1; employees 300"),
    ("D365_M365 Customer with No BC No Finance No Supply Chain", "own m365 1; employees 300", "own m365 1; employees 299"),
    ("D365_M365 Customer with No BC No Finance No Supply Chain", "own m365 1; employees 300", "own m365 1; employees 300; own d365_scm 1"),
    ("D365_Quickbooks Customers with No BC", "install quickbooks", "install quickbooks; own d365_bc 1"),
    ("Azure_Migrate and Modernize Apps with Azure Managed Databases", "cluster azure act_now; install aws", "cluster azure nurture; install aws"),
    ("Azure_Migrate and Modernize Apps with Azure Managed Databases", "cluster azure evaluate; install aws", "cluster azure act_now"),
    ("Azure_Innovate with AI_Build Intelligent Cloud Native Apps on Azure Managed Databases", "category postgresql database", "install zoom"),
    ("Azure_Extend Edge Inferencing with Cloud-Based Model Training using Azure AI Infrastructure", "category edgebox edge", "install zoom"),
    ("Azure_Extend to AVD Workloads Requiring GPU Rendering", "own windows_virtual_desktop 1", "install citrix"),
    ("Azure_Modernize HPC Workloads with Azure HPC + AI", "category slurm hpc", "install zoom"),
    ("Azure_Azure Backup and ASR to Every Production Workload", "bought azure_vm 1", "bought azure_vm 1; bought azure_backup 1"),
    ("Azure_Backup On Prem Data and SaaS Data", "cluster azure act_now; install sql_server", "cluster azure nurture; install sql_server"),
    ("Azure_Backup On Prem Data and SaaS Data", "cluster azure evaluate; install sql_server", "cluster azure act_now"),
    ("Azure_Backup On Prem Data and SaaS Data", "cluster azure act_now; install windows_server", "cluster azure act_now; install windows_server; bought azure_backup 1"),
    ("Azure_Migrate and Modernize VMware to Azure", "cluster azure act_now; install vmware", "cluster azure nurture; install vmware"),
    ("Azure_Migrate and Modernize VMware to Azure", "cluster azure evaluate; install vmware", "cluster azure act_now"),
    ("Azure_Modernize VDI to AVD", "cluster azure act_now; install citrix", "cluster azure nurture; install citrix"),
    ("Azure_Modernize VDI to AVD", "cluster azure evaluate; install citrix", "cluster azure act_now"),
    ("Azure_Modernize VDI to AVD: Citrix IB", "cluster azure act_now; install citrix", "cluster azure nurture; install citrix"),
    ("Azure_Modernize VDI to AVD: Citrix IB", "cluster azure evaluate; install citrix", "cluster azure act_now"),
    ("Azure_Modernize VDI to AVD: RDS IB", "cluster azure act_now; install rds", "cluster azure nurture; install rds"),
    ("Azure_Modernize VDI to AVD: RDS IB", "cluster azure evaluate; install rds", "cluster azure act_now"),
    ("Azure_Modernize VDI to AVD: VMWare IB", "cluster azure act_now; install vmware", "cluster azure nurture; install vmware"),
    ("Azure_Modernize VDI to AVD: VMWare IB", "cluster azure evaluate; install vmware", "cluster azure act_now"),
    ("Azure_Modernize VDI to AVD: Cross-sell MW to Azure AVD", "cluster azure act_now; own m365 1", "cluster azure act_now; own m365 1; bought azure 1"),
    ("Azure_Modernize VDI to AVD: Cross-sell MW to Azure AVD", "cluster azure act_now; own m365 1", "cluster azure nurture; own m365 1"),
    ("Azure_Secure Migration_MDC_Network Security_and Monitor: Defender", "bought azure 1", "bought azure 1; own defender_for_cloud 1"),
    ("Azure_Secure Migration_MDC_Network Security_and Monitor: Network Security", "bought azure 1", "bought azure 1; own azure_network_security 1"),
    ("Azure_Secure Migration_MDC_Network Security_and Monitor: Well Architected Security Go Back", "spend azure 3000.03", "spend azure 3000"),
    ("Azure_Windows Server OR SQL Server: Active Annuity", "agreement sql_server CSP active", "agreement sql_server CSP inactive"),
    ("Azure_Windows Server OR SQL Server: Active Non-Annuity", "agreement windows_server Open active", "agreement windows_server CSP active"),
    ("Azure_Windows Server OR SQL Server: EOS Prior 2012", "install windows_server 2008 R2", "install windows_server 2012"),
    ("Azure_Windows Server OR SQL Server: EOS Prior 2012", "install sql_server 2008", "install sql_server 2014"),
    ("Azure_Windows Server OR SQL Server: EOS 2012", "install windows_server 2012 R2", "install windows_server 2016"),
    ("Azure_Windows Server OR SQL Server: Inactive Annuity", "agreement windows_server CSP inactive", "agreement office CSP inactive"),
    ("Azure_Windows Server OR SQL Server: Inactive Non-Annuity", "agreement sql_server Open inactive", "agreement sql_server Open active"),
    ("Azure_Migrate Linux Estate - Migrate and Modernize Linux_OSS DB to Azure", "cluster azure act_now; install ubuntu", "cluster azure nurture; install ubuntu"),
    ("Azure_Migrate Linux Estate - Migrate and Modernize Linux_OSS DB to Azure", "cluster azure evaluate; install ubuntu", "cluster azure act_now"),
    ("Azure_Migrate Oracle DBs to Oracle on Azure", "cluster azure act_now; install oracle", "cluster azure nurture; install oracle"),
    ("Azure_Migrate Oracle DBs to Oracle on Azure", "cluster azure evaluate; install oracle", "cluster azure act_now"),
    ("Azure_Extend and Innovate SAP with Microsoft Cloud Services", "cluster azure act_now; install sap", "cluster azure nurture; install sap"),
    ("Azure_Extend and Innovate SAP with Microsoft Cloud Services", "cluster azure evaluate; install sap", "cluster azure act_now"),
    ("Azure_Migrate and Modernize to S_4HANA via RISE with SAP", "cluster azure act_now; install sap S/4HANA", "cluster azure nurture; install sap S/4HANA"),
    ("Azure_Migrate and Modernize to S_4HANA via RISE with SAP", "cluster azure evaluate; install sap S/4HANA", "cluster azure act_now"),
    ("Azure_Migrate and Modernize to S_4HANA via RISE with SAP", "cluster azure act_now; install sap_hana", "cluster azure act_now; install sap ECC 6.0"),
    ("Azure_SQL DW to Azure", "install sql_data_warehouse", "install sql_server"),
    ("Azure_Modernize Enterprise Applications - Move On Prem .NET apps to Azure App Services", "cluster azure act_now; category wildfly dotnet_competitor", "cluster azure nurture; category wildfly dotnet_competitor"),
    ("Azure_Modernize Enterprise Applications - Move On Prem .NET apps to Azure App Services", "cluster azure evaluate; category wildfly dotnet_competitor", "cluster azure act_now"),
    ("Azure_Power Business Decision with Cloud Scale Analytics - Win New Analytics Scenarios", "cluster azure act_now; category tableau business_intelligence", "cluster azure nurture; category tableau business_intelligence"),
    ("Azure_Power Business Decision with Cloud Scale Analytics - Win New Analytics Scenarios", "cluster azure evaluate; category tableau business_intelligence", "cluster azure act_now"),
];

#[rustfmt::skip]
pub(super) const CASES_2025: [Case; 12] = [
    ("Migrate and Secure Win SQL Server Linux First workload MW to Azure", "bought m365 1", "bought m365 1; bought azure 1"),
    ("M365_Migrate_to_Cloud", "category office productivity_on_premises; category slack productivity", "category slack productivity"),
    ("M365_Migrate_to_Cloud", "", "own m365 1"),
    ("M365_Upsell_Existing", "own m365 1; cluster m365 evaluate", "own m365 1; cluster m365 nurture"),
    ("Surface_Acquisition_M365_Seats_1_to_49", "own m365 49; bought m365 1", "own m365 50; bought m365 1"),
    ("Surface_Acquisition_M365_Seats_1_to_49", "own m365 1; bought m365 1", "own m365 1; bought m365 1; bought surface 1"),
    ("Surface_Acquisition_M365_Seats_50_and_more", "own m365 50; bought m365 1", "own m365 49; bought m365 1"),
    ("Surface_Upsell_Devices_1_to_24", "bought surface 24", "bought surface 25"),
    ("Surface_Upsell_Devices_25_and_more", "bought surface 25", "bought surface 24"),
    ("Scale_Business_Operations_Migrate_Dynamics_OnPrem_to_Business_Central", "install dynamics_nav", "install dynamics_nav; own d365_bc 1"),
    ("Scale_Business_Operations_Migrate_Dynamics_OnPrem_to_Business_Central", "bought dynamics_gp 1", "install sap"),
    ("Threat_Protection_Advanced_XDR", "plan m365 M365-BP 1", "plan m365 M365-E5 1"),
];
